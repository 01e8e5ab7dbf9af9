/** Cores joined by a network and disks that a test controls; nothing happens by itself. */
import type { EventualOptions, Input, Note, Operation, Outcome, Write } from "../core/door.ts";
import { EventualCore } from "../core/eventual-core.ts";
import type { Message } from "../messages.ts";
import type { Address, NodeId } from "../types.ts";

/** One process and its disk. */
export interface TestNode {
  readonly options: EventualOptions;
  readonly core: EventualCore;
  readonly disk: Uint8Array[];
  isUp: boolean;
  /** Its writes stay out until {@link TestCluster.persist}. */
  isDiskSlow: boolean;
  /** The write that is out, of a slow disk. */
  write: Write | null;
  readonly outcomes: Outcome[];
  readonly notes: Note[];
}

type Request = Extract<Message, { kind: "request" }>;
type Reply = Extract<Message, { kind: "reply" }>;

export interface Delivered {
  readonly from: Address;
  readonly to: Address;
  readonly body: Request["body"];
  /** As the host of the receiver saw it, to be delivered once more. */
  readonly message: Request;
}

export const defaultLimits: EventualOptions["limits"] = {
  recordMaxBytes: 4096,
  messageMaxBytes: 4096,
  messageMaxRecords: 16,
  retainedMaxBytes: 65_536,
  pendingMaxBytes: 65_536,
  keysMax: 1000,
  countersMax: 100,
  membersMax: 16,
  transfersMax: 2,
  snapshotMaxBytes: 1_000_000,
};

export const defaultTiming: EventualOptions["timing"] = {
  heartbeatTicks: 4,
  exchangeTicks: 8,
  probeMaxTicks: 32,
  antiEntropyTicks: 6,
  resumeTicks: 4,
  promiseTicks: 4,
  keyWindowMs: 1000,
  keyMarginMs: 100,
};

export const tickMs: number = 50;

export class TestCluster {
  readonly nodes = new Map<Address, TestNode>();
  /** Whether a message from one address to another is lost. */
  lose: (from: Address, to: Address, message: Message) => boolean = () => false;
  /** Whether a message stays in the network until {@link release}. */
  hold: (from: Address, to: Address, message: Message) => boolean = () => false;
  /** Other names of addresses. */
  readonly aliases = new Map<Address, Address>();
  readonly #held: (() => void)[] = [];
  /** Every request that was delivered, in order. */
  readonly delivered: Delivered[] = [];
  nowMs = 1_000_000;
  readonly #pending = new Map<number, { readonly from: Address; readonly exchange: number }>();
  #seed = 1;
  #inbound = 1_000_000;
  #context = 0;

  /** Starts nodes that name each other, and lets them find each other. */
  static of(...names: readonly string[]): TestCluster {
    const cluster = new TestCluster();
    for (const name of names) cluster.start(name, names);
    cluster.run(30);
    return cluster;
  }

  start(
    name: string,
    peers: readonly string[] = [],
    change: Partial<EventualOptions> = {},
  ): TestNode {
    this.#seed += 1;
    return this.#boot(name, [], {
      node: idOf(name),
      address: name,
      label: name,
      peers: peers.filter((peer) => peer !== name),
      cluster: { id: `cluster-${name}`, fixed: false },
      seed: [this.#seed, 2, 3, 4],
      durable: true,
      limits: defaultLimits,
      timing: defaultTiming,
      ...change,
    });
  }

  node(name: string): TestNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  crash(...names: readonly string[]): void {
    for (const name of names) this.node(name).isUp = false;
  }

  /** Starts a crashed node with what is on its disk, or with what is given instead. */
  restart(
    name: string,
    change: Partial<EventualOptions> = {},
    disk?: readonly Uint8Array[],
  ): TestNode {
    const old = this.node(name);
    this.#seed += 1;
    const options = { ...old.options, ...change, seed: [this.#seed, 2, 3, 4] } as const;
    return this.#boot(name, disk ?? old.disk, options);
  }

  #boot(name: string, disk: readonly Uint8Array[], options: EventualOptions): TestNode {
    const core = new EventualCore(options);
    for (const entry of disk) core.load(entry);
    core.start();
    const node: TestNode = {
      options,
      core,
      disk: [...disk],
      isUp: true,
      isDiskSlow: false,
      write: null,
      outcomes: [],
      notes: [],
    };
    this.nodes.set(name, node);
    return node;
  }

  /** Time passes for everybody who is up, or for these; everything is delivered at once. */
  run(ticks: number, ...names: readonly string[]): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.nowMs += tickMs;
      for (const [name, node] of this.nodes) {
        if (!node.isUp || (names.length > 0 && !names.includes(name))) continue;
        node.core.step({ type: "tick", wallMs: this.nowMs });
        this.settle();
      }
    }
  }

  /** An operation and its outcome; `null` if that does not come at once. */
  submit(name: string, operation: Operation): Outcome | null {
    return this.ask(name, (context) => ({ type: "submit", context, operation }));
  }

  /** Anything that has an outcome. */
  ask(name: string, input: (context: number) => Input): Outcome | null {
    const { core, outcomes } = this.node(name);
    this.#context += 1;
    const context = this.#context;
    core.step(input(context));
    this.settle();
    return outcomes.find((outcome) => outcome.context === context) ?? null;
  }

  add(name: string, delta: bigint | number = 1, key: string | null = null): Outcome | null {
    return this.submit(name, { type: "add", counter: "c", delta: BigInt(delta), key });
  }

  value(name: string, counter = "c"): bigint {
    return this.node(name).core.value(counter);
  }

  /** Of everybody who is up. */
  values(counter = "c"): bigint[] {
    const up = [...this.nodes.values()].filter(({ isUp }) => isUp);
    return up.map(({ core }) => core.value(counter));
  }

  /** Writes, sends and answers until nobody has anything to do. */
  settle(): void {
    for (let busy = true; busy;) {
      busy = false;
      for (const [name, node] of this.nodes) {
        const ready = node.isUp ? node.core.ready() : null;
        if (ready === null) continue;
        busy = true;
        node.outcomes.push(...ready.outcomes);
        node.notes.push(...ready.notes);
        for (const message of ready.messages) {
          if (message.kind === "request") this.#request(name, message);
          else this.#reply(name, message);
        }
        if (ready.write === null) continue;
        node.write = ready.write;
        if (!node.isDiskSlow) this.#persist(node);
      }
    }
  }

  /** The write that is out is done, and everything that follows from it. */
  persist(name: string): void {
    this.#persist(this.node(name));
    this.settle();
  }

  #persist(node: TestNode): void {
    const { write } = node;
    if (write === null) return;
    node.write = null;
    node.disk.push(...write.entries);
    node.core.step({ type: "persisted", write: write.id });
  }

  /** Delivers what was held, in the order in which it was sent or in the opposite one. */
  release(order: "sent" | "reversed" = "sent"): void {
    const held = this.#held.splice(0);
    if (order === "reversed") held.reverse();
    for (const deliver of held) {
      deliver();
      this.settle();
    }
  }

  /** A request comes once more, to whoever is there now; its reply goes nowhere. */
  deliverAgain({ to, message }: Delivered): void {
    const target = this.node(to);
    this.#inbound += 1;
    if (target.isUp) {
      target.core.step({ type: "receive", message: { ...message, exchange: this.#inbound } });
    }
    this.settle();
  }

  #request(from: Address, request: Request): void {
    if (!this.hold(from, request.to, request)) return this.#deliverRequest(from, request);
    const asker = this.nodes.get(from);
    this.#held.push(() => {
      if (this.nodes.get(from) === asker) this.#deliverRequest(from, request);
    });
  }

  #deliverRequest(from: Address, request: Request): void {
    const target = this.nodes.get(this.aliases.get(request.to) ?? request.to);
    if (target?.isUp !== true || this.lose(from, request.to, request)) {
      this.node(from).core.step({ type: "unanswered", exchange: request.exchange });
      return;
    }
    this.#inbound += 1;
    this.#pending.set(this.#inbound, { from, exchange: request.exchange });
    this.delivered.push({ from, to: request.to, body: request.body, message: request });
    target.core.step({ type: "receive", message: { ...request, exchange: this.#inbound } });
  }

  #reply(from: Address, reply: Reply): void {
    const asked = this.#pending.get(reply.exchange);
    if (asked === undefined) return;
    this.#pending.delete(reply.exchange);
    const asker = this.nodes.get(asked.from);
    if (!this.hold(from, asked.from, reply)) return this.#deliverReply(from, asked, reply);
    this.#held.push(() => {
      if (this.nodes.get(asked.from) === asker) this.#deliverReply(from, asked, reply);
    });
  }

  #deliverReply(
    from: Address,
    asked: { readonly from: Address; readonly exchange: number },
    reply: Reply,
  ): void {
    const asker = this.nodes.get(asked.from);
    if (asker?.isUp !== true) return;
    const { exchange } = asked;
    const isLost = this.lose(from, asked.from, reply);
    if (isLost) asker.core.step({ type: "unanswered", exchange });
    else asker.core.step({ type: "receive", message: { ...reply, exchange } });
  }
}

/** A time-ordered key issued at this time. */
export function uuidV7(ms: number, number = 10): string {
  const time = ms.toString(16).padStart(12, "0");
  const tail = number.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`;
}

export function idOf(name: string): NodeId {
  let digits = "";
  for (const character of name) digits += character.charCodeAt(0).toString(16).padStart(2, "0");
  return digits.padEnd(32, "0").slice(0, 32);
}
