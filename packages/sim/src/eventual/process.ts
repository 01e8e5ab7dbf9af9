/**
 * The host of one core, from start to crash: it loads the journal, ticks, writes, sends and answers,
 * as EventualNode does, in virtual time.
 */
import type {
  Address,
  EventualOptions,
  EventualStatus,
  Input,
  Message,
  Operation,
  Outcome,
  Ready,
} from "@counter/eventual";
import type { AskedOperation } from "./answers.ts";
import { unitsPerTick } from "../event-heap.ts";
import type { Random } from "../random.ts";
import { describeInput, describeReady } from "./describe.ts";
import type { SimNode } from "./node.ts";
import { onNote } from "./notes.ts";
import { EventualViolation, must } from "./sentences.ts";
import type { EventualWorld, SimCore } from "./world.ts";

/** Inputs that wait for a process that is paused; more are lost, as a socket's buffer loses them. */
const inboxMax = 500;

/** Readys that one step may give; more would mean that it never ends. */
const readysMax = 10;

/** Statuses are looked at once in so many steps. */
const statusEvery = 16;

export type OnOutcome = (outcome: Outcome) => void;

/** What can be asked of a node besides operations. */
export type Wish =
  | { readonly type: "register"; readonly addresses: readonly Address[] }
  | { readonly type: "deregister"; readonly addresses: readonly Address[]; readonly force: boolean }
  | { readonly type: "leave" };

interface Waiting {
  readonly asked: AskedOperation | null;
  readonly tell: OnOutcome;
}

/** What this node is started with; another seed each time. */
export function optionsOf(world: EventualWorld, node: SimNode, random: Random): EventualOptions {
  const { knobs } = world;
  const isFixed = !knobs.faults.enabled.has("provisional");
  const draw = (): number => random.next();
  return {
    node: node.id,
    address: node.address,
    label: node.name,
    peers: node.asksAlone ? [] : node.peers,
    seeds: node.asksAlone ? node.peers : [],
    cluster: isFixed ? { id: "simulated", fixed: true } : { id: node.clusterId, fixed: false },
    seed: [draw(), draw(), draw(), draw()],
    durable: true,
    limits: knobs.limits,
    timing: knobs.timing,
  };
}

export class NodeProcess {
  readonly node: SimNode;
  /** Different for every process of a run. */
  readonly number: number;
  readonly core: SimCore;
  readonly #world: EventualWorld;
  readonly #random: Random;
  readonly #waiting = new Map<number, Waiting>();
  readonly #open = new Set<number>();
  #inbox: (() => void)[] | null = null;
  #isAlive = true;
  #isDraining = false;
  #lastContext = 0;
  #steps = 0;
  /** Writes that were begun and whose end the core has not heard of. */
  #writesOut = 0;
  #status: EventualStatus | null = null;

  constructor(world: EventualWorld, node: SimNode, number: number, random: Random) {
    this.#world = world;
    this.node = node;
    this.number = number;
    this.#random = random;
    this.core = this.#guard(() => world.factory(optionsOf(world, node, random)));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#inbox !== null;
  }

  /** As it was when somebody last looked, at most some steps ago. */
  get status(): EventualStatus {
    this.#status ??= this.core.status();
    return this.#status;
  }

  start(): void {
    const { entries } = this.node.disk;
    this.#say(`starts with ${entries.length} entries`);
    this.#guard(() => {
      for (const entry of entries) this.core.load(entry);
      this.core.start();
    });
    this.node.watch.onLoaded(this.core);
    this.#drain();
    this.#tick();
  }

  kill(): void {
    this.#isAlive = false;
    this.#inbox = null;
  }

  pause(): void {
    this.#inbox ??= [];
  }

  wake(): void {
    const inbox = this.#inbox;
    this.#inbox = null;
    for (const run of inbox ?? []) if (this.#isAlive) run();
  }

  /** `tell` is called once, or never if the process dies. */
  submit(operation: Operation, tell: OnOutcome): void {
    this.#perform(() => {
      const isKnown = this.node.watch.knowsKey(operation);
      const context = this.#expect({ operation, isKnown }, tell);
      this.#step({ type: "submit", context, operation });
    });
  }

  wish(wish: Wish, tell: OnOutcome): void {
    this.#perform(() => this.#step({ ...wish, context: this.#expect(null, tell) }));
  }

  /** Gossip says that somebody is there. */
  hint(address: Address): void {
    this.#perform(() => this.#step({ type: "probe", address }));
  }

  receive(message: Message): void {
    this.#perform(() => this.#step({ type: "receive", message }));
  }

  onReply(exchange: number, message: Message): void {
    this.#perform(() => {
      if (!this.#open.delete(exchange)) return;
      this.#step({ type: "receive", message: { ...message, exchange } });
    });
  }

  onUnanswered(exchange: number): void {
    this.#perform(() => {
      if (this.#open.delete(exchange)) this.#step({ type: "unanswered", exchange });
    });
  }

  #expect(asked: AskedOperation | null, tell: OnOutcome): number {
    this.#lastContext += 1;
    this.#waiting.set(this.#lastContext, { asked, tell });
    return this.#lastContext;
  }

  #tick(): void {
    const wobble = this.#random.between(-10, 10);
    this.#world.heap.after(unitsPerTick * this.node.pace + wobble, () => {
      if (!this.#isAlive) return;
      // A tick that was missed never comes later.
      if (!this.isPaused) this.#step({ type: "tick", wallMs: this.node.clock.nowMs });
      this.#tick();
    });
  }

  #step(input: Input): void {
    const { trace, heap, knobs } = this.#world;
    this.#steps += 1;
    this.#status = null;
    trace.mix(heap.now + this.number);
    if (trace.recording && input.type !== "tick") this.#say(describeInput(input));
    this.#guard(() => this.core.step(input));
    if (input.type === "persisted") {
      this.#writesOut -= 1;
      this.node.watch.onPersisted(this.core);
    }
    if (this.#isDraining) return;
    if (knobs.lazyHost > 0 && this.#random.chance(knobs.lazyHost)) {
      this.#isDraining = true;
      this.#later(this.#random.between(1, 30), () => {
        this.#isDraining = false;
        this.#drain();
      });
      return;
    }
    this.#drain();
  }

  /** Does everything that the core has to have done. */
  #drain(): void {
    let count = 0;
    for (let ready = this.#ready(); ready !== null; ready = this.#ready()) {
      count += 1;
      must(count < readysMax, "bounded", () => `${this.node.name} is never done`);
      if (this.#world.trace.recording) describeReady(ready, (what) => this.#say(what));
      this.#do(ready);
    }
    if (this.#isAlive && this.#steps % statusEvery === 0) this.node.watch.onStatus(this.core);
    if (this.#isAlive) this.#checkpointIfDue();
  }

  #ready(): Ready | null {
    return this.#isAlive ? this.#guard(() => this.core.ready()) : null;
  }

  #do(ready: Ready): void {
    const { watch } = this.node;
    watch.onReady(this.core, ready, (context) => this.#waiting.get(context)?.asked ?? null);
    if (ready.write !== null) {
      this.#writesOut += 1;
      this.#write(ready.write.id, ready.write.entries);
    }
    for (const message of ready.messages) {
      if (message.kind === "request") this.#open.add(message.exchange);
      this.#world.exchanges.send(this, message);
    }
    for (const outcome of ready.outcomes) {
      const waiting = this.#waiting.get(outcome.context);
      must(waiting !== undefined, "answer-fits", () => `nobody asked for ${outcome.context}`);
      this.#waiting.delete(outcome.context);
      waiting.tell(outcome);
    }
    for (const note of ready.notes) onNote(this.#world, this.node, note);
  }

  /** Tries again as long as the disk is full. */
  #write(id: number, entries: readonly Uint8Array[]): void {
    const onDone = (): void => this.#perform(() => this.#step({ type: "persisted", write: id }));
    if (this.node.disk.append(entries, onDone)) return;
    this.#world.coverage.hit("diskFull");
    this.#later(unitsPerTick, () => this.#write(id, entries));
  }

  #checkpointIfDue(): void {
    const { disk } = this.node;
    const { knobs, coverage } = this.#world;
    if (disk.sinceCheckpoint < knobs.checkpointEntries || disk.isCheckpointing) return;
    if (this.#writesOut > 0 || this.isPaused) return;
    const entries = this.#guard(() => this.core.checkpoint());
    disk.checkpoint(entries[Symbol.iterator](), () => {
      coverage.hit("checkpoint");
      this.#say(`checkpoint, ${disk.entries.length} entries`);
    });
  }

  /** Runs this now, or when the process wakes up. */
  #perform(run: () => void): void {
    if (!this.#isAlive) return;
    if (this.#inbox === null) run();
    else if (this.#inbox.length < inboxMax) this.#inbox.push(run);
  }

  #later(delay: number, run: () => void): void {
    this.#world.heap.after(delay, () => this.#perform(run));
  }

  #say(what: string): void {
    this.#world.trace.line(this.#world.heap.now, this.node.name, what);
  }

  #guard<T>(run: () => T): T {
    return guarded(this.node.name, run);
  }
}

/** Whatever a core throws is a finding. */
export function guarded<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof EventualViolation) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new EventualViolation("core-exception", `${name}: ${text}`, { cause: error });
  }
}
