/**
 * What a leader owes its cluster when it sends snapshots: few at a time, at a bounded pace, and
 * none that does not move while another one waits. Counted in the leader's own ticks.
 */
import type {
  InstallSnapshot,
  LogIndex,
  Message,
  NodeId,
  PeerStatus,
  RaftOptions,
  RaftStatus,
} from "@counter/raft";
import { check } from "./violation.ts";

/** Election timeouts without progress after which a transfer has to make room. */
const stallTimeouts = 3;

interface Seen {
  readonly index: LogIndex;
  readonly offset: number;
  /** Ticks since it moved, or since somebody waits for its place. */
  readonly ticks: number;
}

export class TransferWatch {
  readonly #options: RaftOptions;
  #term = 0;
  #ticks = 0;
  #bytes = 0;
  #largest = 0;
  #seen = new Map<NodeId, Seen>();

  constructor(options: RaftOptions) {
    this.#options = options;
  }

  onChunk({ from, term, chunk }: InstallSnapshot): void {
    this.#follow(term);
    this.#bytes += chunk.data.length;
    this.#largest = Math.max(this.#largest, chunk.data.length);
    const { snapshotBytesPerTick, snapshotTransfersMax, heartbeatTicks } = this.#options;
    const most =
      snapshotBytesPerTick * (this.#ticks + 2 * heartbeatTicks) +
      snapshotTransfersMax * this.#largest;
    check(this.#bytes <= most, "bounded", () => {
      return `${from} has sent ${this.#bytes} bytes of snapshots in ${this.#ticks} ticks of t${term}`;
    });
  }

  /** A follower says how far it is: a moment later it may begin again with a newer snapshot. */
  onReceive(message: Message): void {
    if (message.type !== "installSnapshotResponse" || message.term !== this.#term) return;
    const { from, index, nextOffset: offset, installed } = message;
    const before = this.#seen.get(from);
    if (before === undefined) return;
    this.#seen.set(from, moved(before, { index, offset }));
    if (installed) this.#seen.delete(from); // what comes next is another transfer
  }

  /** Called after each tick of this server. */
  onTick(now: RaftStatus): void {
    this.#follow(now.term);
    this.#ticks += 1;
    const peers = Object.entries(now.peers);
    const sending = peers.filter(([, peer]) => peer.snapshot?.sending === true);
    check(sending.length <= this.#options.snapshotTransfersMax, "bounded", () => {
      return `${now.id} sends ${sending.length} snapshots at once`;
    });
    const someoneWaits = peers.some(([, peer]) => peer.snapshot?.sending === false);
    if (!someoneWaits) return this.#seen.clear();
    this.#seen = new Map(sending.map(([id, peer]) => [id, this.#look(id, peer)]));
    for (const [id, { offset, ticks }] of this.#seen) {
      check(ticks <= this.#patienceTicks, "bounded", () => {
        return `${now.id} keeps others waiting for ${id}, which is at byte ${offset} for ${ticks} ticks`;
      });
    }
  }

  #look(id: NodeId, { snapshot }: PeerStatus): Seen {
    const { index, offset } = snapshot ?? { index: 0, offset: 0 };
    const before = this.#seen.get(id);
    if (before === undefined) return { index, offset, ticks: 0 };
    // Who has started again has forgotten what it had: that is no move, and the next byte is one.
    const kept = index === before.index ? Math.min(before.offset, offset) : before.offset;
    return moved({ ...before, offset: kept, ticks: before.ticks + 1 }, { index, offset });
  }

  /** Its chunk may wait for its turn before it is sent, and again before each repetition. */
  get #patienceTicks(): number {
    const { electionTimeoutTicks, heartbeatTicks, snapshotTransfersMax } = this.#options;
    const debtTicks = (snapshotTransfersMax * this.#largest) / this.#options.snapshotBytesPerTick;
    return stallTimeouts * (electionTimeoutTicks + 3 * heartbeatTicks + debtTicks);
  }

  #follow(term: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#ticks = 0;
    this.#bytes = 0;
    this.#seen.clear();
  }
}

/** To begin again with a newer snapshot is no move, to come further in the same one is. */
function moved(before: Seen, { index, offset }: Omit<Seen, "ticks">): Seen {
  if (index < before.index || (index === before.index && offset <= before.offset)) return before;
  return { index, offset, ticks: offset > 0 ? 0 : before.ticks };
}
