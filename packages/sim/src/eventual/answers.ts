/** Checks answers: each names the record that holds its operation, and that record holds no other. */
import type { CounterName, Operation, Outcome, RecordBody } from "@counter/eventual";
import { must } from "./sentences.ts";
import type { SimNode } from "./node.ts";
import type { EventualWorld } from "./world.ts";

/** An operation as it was when the node was asked. */
export interface AskedOperation {
  readonly operation: Operation;
  /** The node knew that it had counted the key. */
  readonly isKnown: boolean;
}

export type AskedOf = (context: number) => AskedOperation | null;

type Written = Extract<Outcome, { type: "written" }>;

interface RecordTally {
  readonly outcome: Written;
  readonly sums: Map<CounterName, bigint>;
  readonly keys: Set<string>;
  /** Counters that were set, and to what. */
  readonly sets: Map<CounterName, bigint>;
}

export function checkAnswers(
  world: EventualWorld,
  node: SimNode,
  given: {
    readonly outcomes: readonly Outcome[];
    readonly askedOf: AskedOf;
    /** It takes a snapshot in: what it knows of keys is ahead of its vector. */
    readonly isMerging: boolean;
  },
): void {
  const tallies = new Map<string, RecordTally>();
  for (const outcome of given.outcomes) {
    const asked = given.askedOf(outcome.context);
    if (asked === null) continue;
    if (outcome.type === "refused") {
      countRefusal(world, outcome.reason);
      continue;
    }
    if (outcome.replayed) {
      world.coverage.hit("keyReplayed");
      if (!given.isMerging) checkReplay(node, outcome, asked.operation);
      continue;
    }
    must(!asked.isKnown, "key-known", () => `${node.name} counts ${textOf(asked.operation)} again`);
    const place = `${outcome.writer}@${outcome.position}`;
    const tally = tallies.get(place) ?? {
      ...{ outcome, sums: new Map(), keys: new Set(), sets: new Map() },
    };
    tallies.set(place, tally);
    tallyUp(tally, asked.operation);
  }
  for (const tally of tallies.values()) checkRecord(world, node, tally);
}

function tallyUp(tally: RecordTally, operation: Operation): void {
  if (operation.type === "set") tally.sets.set(operation.counter, operation.value);
  if (operation.type !== "add") return;
  const { counter, delta, key } = operation;
  if (key === null) tally.sums.set(counter, (tally.sums.get(counter) ?? 0n) + delta);
  else tally.keys.add(`${counter} ${key} ${delta}`);
}

function checkRecord(
  world: EventualWorld,
  node: SimNode,
  { outcome, sums, keys, sets }: RecordTally,
): void {
  const { writer, position } = outcome;
  const place = `${writer}@${position}`;
  const body = world.truth.bodyOf(writer, position);
  must(body !== null, "durable-first", () => `${node.name} answers for ${place}, which is nowhere`);
  must(world.truth.writers.get(writer)?.owner === node.id, "answer-fits", () => {
    return `${node.name} answers with ${place} of another node`;
  });
  for (const [name, value] of sets) {
    const isReset = body.controls.some((item) => item.kind === "reset" && item.counter === name);
    must(isReset, "answer-fits", () => `${place} does not reset ${name}`);
    sums.set(name, value);
  }
  const held = new Map(body.plain.map(({ counter, plus, minus }) => [counter, plus - minus]));
  for (const name of new Set([...sums.keys(), ...held.keys()])) {
    must((sums.get(name) ?? 0n) === (held.get(name) ?? 0n), "answer-fits", () => {
      return `${place} adds ${held.get(name) ?? 0n} to ${name}, clients asked for ${sums.get(name) ?? 0n}`;
    });
  }
  must(sameKeys(body, keys), "answer-fits", () => {
    return `${place} holds ${body.keyed.length} keys, clients gave ${[...keys].join(", ")}`;
  });
}

function sameKeys({ keyed }: RecordBody, keys: ReadonlySet<string>): boolean {
  return (
    keyed.length === keys.size &&
    keyed.every(({ counter, key, delta }) => keys.has(`${counter} ${key} ${delta}`))
  );
}

/** The first answer to the key, again. */
function checkReplay(node: SimNode, outcome: Written, operation: Operation): void {
  if (operation.type !== "add" || operation.key === null) {
    must(false, "answer-fits", () => `${node.name} replays ${textOf(operation)}`);
  }
  if (outcome.position > 0) return; // joined one that was on its way
  const { counter, key, delta } = operation;
  const fits = node.watch.model
    .dotsOf(counter, key)
    .some(({ operation: known }) => known.delta === delta && known.value === outcome.value);
  must(
    fits,
    "key-known",
    () => `${node.name} answers ${outcome.value} for ${key}, as never before`,
  );
}

function countRefusal(world: EventualWorld, reason: string): void {
  const { coverage } = world;
  if (reason === "key-expired") coverage.hit("keyExpired");
  if (reason === "key-in-future") coverage.hit("keyInFuture");
  if (reason === "key-reused") coverage.hit("keyReused");
  if (reason === "too-many-keys") coverage.hit("keysFull");
  if (reason === "overloaded") coverage.hit("overloaded");
}

function textOf(operation: Operation): string {
  if (operation.type !== "add") return operation.type;
  return `${operation.delta} on ${operation.counter} under ${String(operation.key)}`;
}
