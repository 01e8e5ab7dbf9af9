/** Cores wired together in memory, in lockstep: disks answer at once unless they are held. */
import { RaftCore, bootstrap, defaultRaftOptions } from "../index.ts";
import type {
  Entry,
  Input,
  Member,
  Message,
  NodeId,
  Outcome,
  RaftOptions,
  RaftStatus,
  Ready,
  Write,
} from "../index.ts";

export function members(...ids: NodeId[]): Member[] {
  return ids.map((id) => ({ id, address: id }));
}

export interface TestNode {
  readonly core: RaftCore;
  readonly applied: Entry[];
  readonly outcomes: Outcome[];
  readonly heldWrites: Write[];
  diskHeld: boolean;
}

export class TestCluster {
  readonly nodes = new Map<NodeId, TestNode>();
  /** Return false to lose a message. */
  filter: (message: Message) => boolean = () => true;
  readonly #queue: Message[] = [];

  constructor(ids: readonly NodeId[], options: Partial<RaftOptions> = {}) {
    const persisted = bootstrap(members(...ids));
    ids.forEach((id, at) => {
      const core = new RaftCore({ ...defaultRaftOptions, seed: at + 1, ...options, id }, persisted);
      const node = { core, applied: [], outcomes: [], heldWrites: [], diskHeld: false };
      this.nodes.set(id, node);
    });
  }

  node(id: NodeId): TestNode {
    return this.nodes.get(id)!;
  }

  status(id: NodeId): RaftStatus {
    return this.node(id).core.status();
  }

  step(id: NodeId, input: Input): void {
    this.node(id).core.step(input);
    this.settle();
  }

  /** Ticks everybody until there is a leader. */
  elect(id: NodeId): void {
    this.step(id, { type: "campaign" });
    if (this.status(id).role !== "leader") throw new Error(`${id} was not elected`);
  }

  propose(id: NodeId, ...bytes: number[]): void {
    const commands = bytes.map((byte) => Uint8Array.of(byte));
    this.step(id, { type: "propose", context: 0, commands });
  }

  /** Carries out everything until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 100_000; round += 1) {
      for (const node of this.nodes.values()) while (node.core.hasReady()) this.#carryOut(node);
      const message = this.#queue.shift();
      if (message === undefined) return;
      if (this.filter(message)) this.nodes.get(message.to)?.core.step({ type: "receive", message });
    }
    throw new Error("the cluster does not come to rest");
  }

  #carryOut(node: TestNode): void {
    const ready: Ready = node.core.ready();
    this.#queue.push(...ready.messages);
    node.outcomes.push(...ready.outcomes);
    node.applied.push(...ready.committed);
    const last = ready.committed.at(-1) ?? ready.restore;
    if (last !== null) node.core.step({ type: "applied", index: last.index });
    if (ready.write === null) return;
    if (node.diskHeld) node.heldWrites.push(ready.write);
    else node.core.step({ type: "persisted", write: ready.write.id });
  }

  releaseDisk(id: NodeId): void {
    const node = this.node(id);
    node.diskHeld = false;
    for (const write of node.heldWrites.splice(0)) {
      node.core.step({ type: "persisted", write: write.id });
    }
    this.settle();
  }
}
