/**
 * Clients that add, with keys of their own clocks, and ask again until they know; what each of them
 * was told is kept for the final reckoning.
 */
import type { CounterName, Operation, Outcome, VersionVector } from "@counter/eventual";
import type { Random } from "../random.ts";
import { trueMs } from "./clock.ts";
import { counterName, isGrowOnly } from "./counters.ts";
import type { CounterUse } from "./counters.ts";
import { drawAct, requestOf } from "./client-operations.ts";
import type { ClientOperation } from "./client-operations.ts";
import { hexOf } from "./node.ts";
import type { SimNode } from "./node.ts";
import { must } from "./sentences.ts";
import type { EventualWorld } from "./world.ts";

/** Attempts at one operation after which its client leaves it open. */
const attemptsMax = 40;
/** Of so many acts one may be sent again. */
const actsKept = 6;

export interface ClientParts {
  readonly world: EventualWorld;
  readonly number: number;
  readonly random: Random;
  readonly operations: ClientOperation[];
}

export class SimClient {
  readonly #parts: ClientParts;
  readonly #skewMs: number;
  #node: SimNode | null = null;
  #isFinishing = false;
  #isBusy = false;
  /** What was done to counters as a whole, the latest last. */
  readonly #acts: Operation[] = [];
  /** What it has seen of counters that only grow: whoever knows as much must show as much. */
  #token: {
    readonly vector: VersionVector;
    readonly counter: CounterName;
    readonly rollbacks: number;
    value: bigint;
  } | null = null;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const { skewMs } = parts.world.knobs.clients;
    this.#skewMs = parts.random.between(-skewMs, skewMs);
  }

  get isIdle(): boolean {
    return !this.#isBusy;
  }

  start(): void {
    this.#pause();
  }

  /** Begins nothing new. */
  finish(): void {
    this.#isFinishing = true;
  }

  #pause(): void {
    this.#isBusy = false;
    const { world, random } = this.#parts;
    world.heap.after(random.between(1, world.knobs.clients.thinkMaxUnits), () => {
      if (this.#isFinishing) return;
      this.#isBusy = true;
      this.#begin();
    });
  }

  #begin(): void {
    const { world, random } = this.#parts;
    const { enabled } = world.knobs.faults;
    if (enabled.has("resets") && random.chance(0.05)) return this.#set();
    if (enabled.has("settings") && random.chance(0.15)) return this.#act();
    if (random.chance(0.2)) this.#read();
    const use = this.#drawUse();
    const isOpen = use === "mixed" || use === "life";
    const isKeyed = use !== "plain" && (!isOpen || random.chance(world.knobs.clients.keyed));
    const isNegative = (isOpen || use === "set") && random.chance(0.3);
    const delta = BigInt(random.between(1, 9)) * (isNegative ? -1n : 1n);
    const operation: ClientOperation = {
      counter: counterName(use, random.below(world.knobs.clients.counters)),
      delta,
      isSet: use === "life" && isKeyed && random.chance(0.5),
      key: isKeyed ? this.#drawKey(use) : null,
      written: [],
      replayed: false,
      unanswered: 0,
      isDone: false,
    };
    this.#parts.operations.push(operation);
    this.#attempt(operation, 1);
  }

  #drawUse(): CounterUse {
    const { world, random } = this.#parts;
    const { faults, clients } = world.knobs;
    const isKeyed = random.chance(clients.keyed);
    const uses: CounterUse[] = [isKeyed ? "keyed" : "plain", "mixed"];
    if (faults.enabled.has("resets")) uses.push("set");
    if (faults.enabled.has("opaque")) uses.push("opaque");
    if (faults.enabled.has("conflicts")) uses.push("conflict");
    if (faults.enabled.has("settings")) uses.push("life", "life");
    return random.pick(uses);
  }

  /** A UUIDv7 by the clock of this client, or a name that says nothing. */
  #drawKey(use: CounterUse): string {
    const { world, random } = this.#parts;
    if (use === "opaque") return `order-${hexOf(random, 12)}`;
    const time = (trueMs(world.heap) + this.#skewMs).toString(16).padStart(12, "0");
    const rest = hexOf(random, 18);
    const variant = "89ab"[random.below(4)]!;
    const groups = [time.slice(0, 8), time.slice(8), `7${rest.slice(0, 3)}`];
    return [...groups, `${variant}${rest.slice(3, 6)}`, rest.slice(6, 18)].join("-");
  }

  #attempt(operation: ClientOperation, attempt: number): void {
    const { world, random } = this.#parts;
    const { timeoutUnits, replyLoss, sticky } = world.knobs.clients;
    const again = (): void => this.#again(operation, attempt);
    if (this.#node === null || !random.chance(sticky)) this.#node = this.#anyNode();
    const node = this.#node;
    const isLost = !world.isHealed && random.chance(replyLoss);
    const patience = { isOver: false };
    if (node?.process == null) {
      this.#node = null;
      world.heap.after(timeoutUnits >> 2, again);
      return;
    }
    operation.unanswered += 1;
    const delta = this.#deltaOf(operation, attempt);
    node.process.submit(requestOf(operation, delta), (outcome) => {
      operation.unanswered -= 1;
      this.#note(operation, delta, outcome);
      if (isLost || patience.isOver) return;
      patience.isOver = true;
      this.#onAnswer(operation, attempt, { node, outcome });
    });
    world.heap.after(timeoutUnits, () => {
      if (patience.isOver) return;
      patience.isOver = true;
      again();
    });
  }

  /** A key with another delta, now and then: one of the two counts. */
  #deltaOf({ counter, delta }: ClientOperation, attempt: number): bigint {
    const isConflict = counter.startsWith("conflict") && attempt > 1;
    return isConflict && this.#parts.random.chance(0.5) ? delta + 100n : delta;
  }

  #note(operation: ClientOperation, delta: bigint, outcome: Outcome): void {
    if (outcome.type === "refused") return;
    if (outcome.position === 0) operation.replayed = true;
    else if (delta === operation.delta) {
      const { writer, position } = outcome;
      const body = this.#parts.world.truth.bodyOf(writer, position);
      operation.written.push({ writer, position, body });
    }
  }

  #again(operation: ClientOperation, attempt: number): void {
    const { world, random } = this.#parts;
    if (operation.key === null || attempt >= attemptsMax) return this.#pause();
    if (random.chance(0.5)) this.#node = null;
    const wait = random.between(1, Math.min(4000, world.knobs.clients.timeoutUnits * attempt));
    world.heap.after(wait, () => this.#attempt(operation, attempt + 1));
  }

  #onAnswer(
    operation: ClientOperation,
    attempt: number,
    { node, outcome }: { readonly node: SimNode; readonly outcome: Outcome },
  ): void {
    if (outcome.type === "written") {
      operation.isDone = true;
      this.#remember(node, operation.counter);
      this.#askMuchLater(operation);
      return this.#pause();
    }
    switch (outcome.reason) {
      case "key-expired":
      case "key-reused":
      case "too-many-counters":
      case "value-out-of-range":
        return this.#pause();
      case "too-many-keys": // a member that is gone for good may keep keys for ever
        if (this.#isFinishing) return this.#pause();
        return this.#again(operation, attempt);
      default:
        this.#node = null;
        return this.#again(operation, attempt);
    }
  }

  /** The same request comes once more when nobody expects it. */
  #askMuchLater(operation: ClientOperation): void {
    const { world, random } = this.#parts;
    const { counter, delta, key } = operation;
    if (key === null || counter.startsWith("opaque")) return;
    if (!world.knobs.faults.enabled.has("lateRetries") || !random.chance(0.3)) return;
    world.heap.after(random.between(100, 40_000), () => {
      const process = this.#anyNode()?.process;
      if (process == null || this.#isFinishing) return;
      operation.unanswered += 1;
      process.submit(requestOf(operation, delta), (outcome) => {
        operation.unanswered -= 1;
        this.#note(operation, delta, outcome);
      });
    });
  }

  #set(): void {
    const { world, random } = this.#parts;
    const process = this.#anyNode()?.process;
    if (process != null) {
      const counter = counterName("set", random.below(world.knobs.clients.counters));
      const value = BigInt(random.between(-5, 50));
      process.submit({ type: "set", counter, value, key: null }, (outcome) => {
        if (outcome.type === "written") world.coverage.hit("reset");
      });
    }
    this.#pause();
  }

  /** Labels or deletes a counter, or sets it without a key; now and then once more, anywhere. */
  #act(): void {
    const { world, random } = this.#parts;
    const counter = counterName("life", random.below(world.knobs.clients.counters));
    const isAgain = this.#acts.length > 0 && random.chance(0.4);
    const key = random.chance(0.6) ? this.#drawKey("life") : null;
    const act = isAgain ? random.pick(this.#acts) : drawAct(random, counter, key);
    if (!isAgain && key !== null) this.#acts.push(act);
    if (this.#acts.length > actsKept) this.#acts.shift();
    this.#anyNode()?.process?.submit(act, () => undefined);
    this.#pause();
  }

  #anyNode(): SimNode | null {
    const { world, random } = this.#parts;
    const running = world.nodes.filter(({ process }) => process !== null);
    return running.length === 0 ? null : random.pick(running);
  }

  #remember(node: SimNode, counter: CounterName): void {
    if (node.process === null || !isGrowOnly(counter)) return;
    const { core } = node.process;
    const { rollbacks } = this.#parts.world;
    const vector = new Map(core.shown());
    this.#token = { vector, counter, rollbacks, value: core.value(counter) };
  }

  /** A read with a token (E8). */
  #read(): void {
    const core = this.#anyNode()?.process?.core;
    if (this.#token === null || core === undefined) return;
    const { vector, counter, value, rollbacks } = this.#token;
    // A position that was lost with a disk may hold something else by now.
    if (rollbacks !== this.#parts.world.rollbacks) return;
    for (const [writer, position] of vector) if (core.position(writer) < position) return;
    const shown = core.value(counter);
    must(shown >= value, "token-covered", () => `${counter} was ${value}, then ${shown}`);
  }
}
