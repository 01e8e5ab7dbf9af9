/**
 * Servers wired together in memory, in lockstep: every call carries out everything until nothing is
 * left to do. Links can be cut, messages lost or held back and delivered late, doubled or in
 * another order; disks can be held. Two facts are checked all the time: a term has one leader, and
 * nobody applies two different entries at one index.
 */
import type {
  Entry,
  Input,
  MembershipChange,
  Message,
  NodeId,
  RaftOptions,
  RaftStatus,
} from "../index.ts";
import type { Stored } from "./logs.ts";
import { TestServer } from "./server.ts";

export { members } from "./logs.ts";

export interface ClusterSetup extends Partial<Omit<RaftOptions, "id" | "seed">> {
  readonly ids?: readonly NodeId[];
  /** Servers that are no members yet and know nobody. */
  readonly joiners?: readonly NodeId[];
  /** Crafted logs; servers that are not named start as new ones. */
  readonly logs?: Readonly<Record<NodeId, Stored>>;
}

export class TestCluster {
  readonly ids: readonly NodeId[];
  /** Messages for which this is true are lost. */
  lose: (message: Message) => boolean = () => false;
  /** Messages for which this is true wait in `held` until `deliver`. */
  hold: (message: Message) => boolean = () => false;
  readonly held: Message[] = [];
  /** Every message that was delivered. */
  readonly delivered: Message[] = [];
  readonly #servers: ReadonlyMap<NodeId, TestServer>;
  readonly #queue: Message[] = [];
  readonly #leaders = new Map<number, NodeId>();
  readonly #applied = new Map<number, number>();
  #groups: readonly (readonly NodeId[])[] | null = null;
  readonly #down = new Set<NodeId>();

  constructor({ ids = ["a", "b", "c"], joiners = [], logs = {}, ...options }: ClusterSetup = {}) {
    this.ids = [...ids, ...joiners];
    this.#servers = new Map(
      this.ids.map((id, at) => {
        const image: Stored = logs[id] ?? { log: joiners.includes(id) ? "" : "1" };
        const setup = { ...options, id, members: ids, seed: at + 1, stored: image };
        return [id, new TestServer(setup)];
      }),
    );
  }

  server(id: NodeId): TestServer {
    return this.#servers.get(id)!;
  }

  status(id: NodeId): RaftStatus {
    return this.server(id).status;
  }

  step(id: NodeId, input: Input): void {
    this.server(id).step(input);
    this.settle();
  }

  /** Ticks these servers in turn, by default all of them. */
  tick(times: number, ...ids: readonly NodeId[]): void {
    for (let count = 0; count < times; count += 1) {
      for (const id of ids.length === 0 ? this.ids : ids) {
        if (!this.#down.has(id)) this.step(id, { type: "tick" });
      }
    }
  }

  /**
   * Makes this server the leader: the one that it can reach steps down, the others wait until they
   * would vote again, and it campaigns.
   */
  elect(id: NodeId): void {
    const reachable = this.ids.filter((other) => other !== id && this.#connected(id, other));
    for (const other of reachable) this.step(other, { type: "stepDown" });
    const { lose } = this;
    this.lose = (m) => m.type === "requestVote" || lose(m);
    this.tick(this.server(id).options.electionTimeoutTicks, ...reachable);
    this.lose = lose;
    this.step(id, { type: "campaign" });
    if (this.status(id).role !== "leader") throw new Error(`${id} was not elected`);
  }

  propose(id: NodeId, ...bytes: readonly number[]): void {
    for (const byte of bytes) {
      this.step(id, { type: "propose", context: 0, commands: [Uint8Array.of(byte)] });
    }
  }

  /** Asks for a change of membership and answers how that went; `proposed` if it was appended. */
  change(
    id: NodeId,
    changes: readonly MembershipChange[],
    options: Partial<Extract<Input, { type: "changeMembership" }>> = {},
  ): string {
    const asked = { transition: "auto", expectedIndex: null, force: false, ...options } as const;
    this.step(id, { type: "changeMembership", context: 0, changes, ...asked });
    const outcome = this.server(id).outcomes.at(-1);
    return outcome?.type === "changeRefused" ? outcome.refusal.reason : "proposed";
  }

  /** Only servers of one group hear each other. */
  partition(...groups: readonly (readonly NodeId[])[]): void {
    this.#groups = groups;
  }

  isolate(id: NodeId): void {
    this.partition(
      [id],
      this.ids.filter((other) => other !== id),
    );
  }

  heal(): void {
    this.#groups = null;
  }

  crash(id: NodeId): void {
    this.#down.add(id);
  }

  /** Starts a server from its disk, whether it was crashed before or not. */
  restart(id: NodeId): void {
    this.server(id).restart();
    this.#down.delete(id);
    this.settle();
  }

  /** Delivers these messages now, in this order. */
  deliver(messages: readonly Message[]): void {
    for (const message of messages) this.#receive(message);
    this.settle();
  }

  /** Takes what was held back. */
  takeHeld(): Message[] {
    return this.held.splice(0);
  }

  /** Holds nothing back any more and delivers what was. */
  releaseHeld(): void {
    this.hold = () => false;
    this.deliver(this.takeHeld());
  }

  /** Carries out everything until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 100_000; round += 1) {
      for (const server of this.#servers.values()) this.#collect(server);
      const message = this.#queue.shift();
      if (message === undefined) return;
      this.#send(message);
    }
    throw new Error("the cluster does not come to rest");
  }

  #collect(server: TestServer): void {
    if (this.#down.has(server.id)) return;
    this.#queue.push(...server.take());
    const { role, term } = server.status;
    if (role === "leader") this.#checkLeader(term, server.id);
    for (const entry of server.applied.slice(-64)) this.#checkApplied(entry);
  }

  #send(message: Message): void {
    if (!this.#connected(message.from, message.to) || this.lose(message)) return;
    if (this.hold(message)) this.held.push(message);
    else this.#receive(message);
  }

  #receive(message: Message): void {
    if (this.#down.has(message.to)) return;
    this.delivered.push(message);
    this.server(message.to).receive(message);
  }

  #connected(one: NodeId, other: NodeId): boolean {
    if (this.#down.has(one) || this.#down.has(other)) return false;
    return this.#groups?.some((group) => group.includes(one) && group.includes(other)) ?? true;
  }

  #checkLeader(term: number, id: NodeId): void {
    const known = this.#leaders.get(term) ?? id;
    if (known !== id) throw new Error(`term ${term} has two leaders, ${known} and ${id}`);
    this.#leaders.set(term, id);
  }

  #checkApplied({ index, term }: Entry): void {
    const known = this.#applied.get(index) ?? term;
    if (known !== term) throw new Error(`two entries were applied at ${index}`);
    this.#applied.set(index, term);
  }
}
