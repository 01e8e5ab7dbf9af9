/**
 * What a leader owes its cluster by its own clock: it must not lead on while its disk hangs, nor
 * when no majority answers. Counted in the leader's own ticks, with one tick of grace.
 */
import type { Message, RaftOptions, RaftStatus } from "@counter/raft";
import { isQuorumOf } from "./server-view.ts";
import { check } from "./violation.ts";

export class LeaderWatch {
  readonly #options: RaftOptions;
  readonly #heardAt = new Map<string, number>();
  readonly #writesSince: number[] = [];
  #ticks = 0;
  #leaderSince: number | null = null;
  /** Its members have a moment's grace: who was silent before need not be heard at once. */
  #configurationIndex = 0;

  constructor(options: RaftOptions) {
    this.#options = options;
  }

  onReceive(message: Message): void {
    if (message.to !== this.#options.id) return;
    this.#heardAt.set(message.from, this.#ticks);
  }

  onWrite(): void {
    this.#writesSince.push(this.#ticks);
  }

  /** A write is durable: the next one in the queue is what the disk works on now. */
  onPersisted(): void {
    this.#writesSince.shift();
    if (this.#writesSince.length > 0) this.#writesSince[0] = this.#ticks;
  }

  /** Called after each tick of this server. */
  onTick(now: RaftStatus): void {
    this.#ticks += 1;
    if (now.role !== "leader") {
      this.#leaderSince = null;
      return;
    }
    if (now.configurationIndex !== this.#configurationIndex) this.#leaderSince = null;
    this.#configurationIndex = now.configurationIndex;
    this.#leaderSince ??= this.#ticks;
    const { diskStallTicks, electionTimeoutTicks } = this.#options;
    const waited = this.#ticks - (this.#writesSince[0] ?? this.#ticks);
    check(waited <= diskStallTicks + 1, "disk-stall", () => {
      return `${now.id} leads t${now.term} while its disk has not answered for ${waited} ticks`;
    });
    const patience = 2 * electionTimeoutTicks + 1;
    if (this.#ticks - this.#leaderSince <= patience) return;
    const hears = (id: string): boolean =>
      id === now.id || (this.#heardAt.get(id) ?? -Infinity) >= this.#ticks - patience;
    check(isQuorumOf(hears, now.configuration), "check-quorum", () => {
      return `${now.id} leads t${now.term} and has heard from no majority for ${patience} ticks`;
    });
  }
}
