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
  /** Counters that were set, and to what; `null` with a key. */
  readonly sets: Map<CounterName, bigint | null>;
  /** Counters that were configured or deleted. */
  readonly words: Map<CounterName, "configure" | "delete">;
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
      if (!given.isMerging) checkRefusal(node, outcome.reason, asked.operation);
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
      ...{ outcome, sums: new Map(), keys: new Set(), sets: new Map(), words: new Map() },
    };
    tallies.set(place, tally);
    tallyUp(tally, asked.operation);
  }
  for (const tally of tallies.values()) checkRecord(world, node, tally);
}

function tallyUp(tally: RecordTally, operation: Operation): void {
  if (operation.type === "configure" || operation.type === "delete") {
    tally.words.set(operation.counter, operation.type);
  }
  if (operation.type === "set") {
    const { counter, value, key } = operation;
    tally.sets.set(counter, key === null ? value : null);
    if (key !== null) tally.keys.add(`${counter} ${key} ${value}`);
  }
  if (operation.type !== "add") return;
  const { counter, delta, key } = operation;
  if (key === null) tally.sums.set(counter, (tally.sums.get(counter) ?? 0n) + delta);
  else tally.keys.add(`${counter} ${key} ${delta}`);
}

function checkRecord(
  world: EventualWorld,
  node: SimNode,
  { outcome, sums, keys, sets, words }: RecordTally,
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
    if (value !== null) sums.set(name, value);
  }
  for (const [name, kind] of words) {
    const isThere = body.controls.some((item) => {
      if (!("counter" in item) || item.counter !== name) return false;
      return (item.kind === "deed" ? item.deed.type : item.kind) === kind;
    });
    must(isThere, "answer-fits", () => `${place} does not ${kind} ${name}`);
    if (kind === "configure") world.coverage.hit("labelled");
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
  if (operation.type === "restore" || operation.key === null) {
    must(false, "answer-fits", () => `${node.name} replays ${textOf(operation)}`);
  }
  if (outcome.position > 0) return; // joined one that was on its way
  if (operation.type === "configure" || operation.type === "delete") {
    return checkReplayedDeed(node, outcome, operation);
  }
  const { counter, key } = operation;
  const wantsSet = operation.type === "set";
  const delta = wantsSet ? operation.value : operation.delta;
  const told = wantsSet ? outcome.previous : outcome.value;
  must(outcome.value - outcome.previous === delta || wantsSet, "answer-fits", () => {
    return `${node.name} says that ${textOf(operation)} made ${outcome.value} of ${outcome.previous}`;
  });
  const fits = node.watch.model.dotsOf(counter, key).some(({ operation: known, isSet }) => {
    return isSet === wantsSet && known.delta === delta && known.value === told;
  });
  must(
    fits,
    "key-known",
    () => `${node.name} answers ${outcome.value} for ${key}, as never before`,
  );
}

function checkReplayedDeed(
  node: SimNode,
  outcome: Written,
  operation: Extract<Operation, { type: "configure" | "delete" }>,
): void {
  const fits = node.watch.model.dotsOf(operation.counter, operation.key ?? "").some((dot) => {
    const { deed } = dot;
    if (deed?.type !== operation.type || dot.operation.value !== outcome.previous) return false;
    if (deed.type === "delete") return outcome.value === 0n && outcome.labels === null;
    return JSON.stringify([...deed.config.labels]) === JSON.stringify([...(outcome.labels ?? [])]);
  });
  must(fits, "key-known", () => `${node.name} replays ${textOf(operation)} as never before`);
}

/** Whether a counter is there is decided when the record is closed, by all that the node knows. */
function checkRefusal(node: SimNode, reason: string, operation: Operation): void {
  if (reason !== "counter-exists" && reason !== "counter-not-found") return;
  const counter = "counter" in operation ? operation.counter : "";
  const exists = node.watch.model.labels(counter) !== null;
  must(exists === (reason === "counter-exists"), "existence", () => {
    return `${node.name} refuses to ${textOf(operation)} ${counter}: ${reason}`;
  });
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
