/**
 * Why other members will not talk to this node, in words that tell a person what to do, and whether
 * it can ever succeed.
 *
 * A node whose data directory has never held anything but the first configuration has nothing to
 * lose by ending; it ends if it can never take part as it was started:
 *
 * - F1 A member that this node has never met remembers another data directory under our address:
 *   ours was wiped or is a second one, and a node that forgot its vote must not vote again.
 * - F2 So many members belong to another cluster, hence were told of other members than we were,
 *   that those who are left are no majority.
 *
 * A node that has taken part never ends because of what others say: they may be the ones to mend.
 */
import type { TransportEvent } from "@counter/transport-http";

import { exitCodes, StartError } from "../process/exit-codes.ts";

/** What another node says about its cluster. */
export interface ForeignCluster {
  readonly clusterId: string;
  readonly members: readonly string[];
}

export interface RefusalsOptions {
  readonly own: string;
  readonly dataDir: string;
  readonly clusterId: string;
  /** All members as this node knows them, itself included. */
  readonly members: () => readonly string[];
  /** Those of them that elect leaders. */
  readonly voters: () => readonly string[];
  /** Whether this node has ever had a connection with that member, in this process or before. */
  readonly met: (peer: string) => boolean;
  /** Whether the data directory holds nothing yet that could be lost. */
  readonly untouched: () => boolean;
  /** Asks a node which cluster it belongs to; `null` if it does not say. */
  readonly ask: (address: string) => Promise<ForeignCluster | null>;
  /** Called with every reason that is new. */
  readonly onReason: (text: string) => void;
  /** Called instead, at most once, with the reason that makes taking part impossible. */
  readonly onHopeless: (error: StartError) => void;
}

type Refused = Extract<TransportEvent, { readonly type: "refused" }>;

/** These pass by themselves. */
const passing: ReadonlySet<Refused["code"]> = new Set(["not-ready", "busy"] as const);

interface Refusal {
  readonly code: Refused["code"];
  readonly text: string;
  /** Whether everything is known that the text could say. */
  readonly explained: boolean;
}

export class Refusals {
  readonly #options: RefusalsOptions;
  /** By member; there are no others in it, so it cannot grow. */
  readonly #refusals = new Map<string, Refusal>();
  readonly #asking = new Set<string>();
  #hopeless = false;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Why members refuse this node, one sentence each; empty if none does. */
  reasons(): readonly string[] {
    this.#forgetFormer();
    return [...new Set([...this.#refusals.values()].map(({ text }) => text))];
  }

  /** Whether those that do not refuse us are too few to elect a leader that we could follow. */
  cutOff(): boolean {
    return this.#noMajorityWithout(new Set(this.#refusals.keys()));
  }

  onTransport(event: TransportEvent): void {
    if (event.type === "connected") this.#refusals.delete(event.peer);
    else if (event.type === "refused" && event.by === "them") this.#refused(event);
  }

  #refused({ peer, code, message }: Refused): void {
    if (peer === null || passing.has(code) || !this.#options.members().includes(peer)) return;
    if (code === "foreign-cluster") void this.#askAndTell(peer);
    else this.#put(peer, { code, text: this.#textOf(peer, code, message), explained: true });
  }

  #textOf(peer: string, code: Refused["code"], message: string): string {
    if (code !== "duplicate-identity") return `${peer} refuses this node (${code}): ${message}`;
    const { dataDir, own } = this.#options;
    return this.#options.met(peer)
      ? `${peer} has come back with another data directory: bring its old one back, or leave it stopped`
      : `${peer} knows ${own} with another data directory than ${dataDir}, which is new or was wiped: bring the old one back, or leave this node stopped`;
  }

  /** Two cluster ids tell a person nothing: the two lists of members do. */
  async #askAndTell(peer: string): Promise<void> {
    if (this.#asking.has(peer) || this.#refusals.get(peer)?.explained === true) return;
    this.#asking.add(peer);
    const theirs = await this.#options.ask(peer);
    this.#asking.delete(peer);
    const { clusterId, dataDir, members } = this.#options;
    const sees =
      theirs === null
        ? "and does not tell its members"
        : `${theirs.clusterId}, whose members are ${theirs.members.join(", ")}`;
    const mend = this.#options.untouched()
      ? `remove ${dataDir} (nothing was counted there), and start all nodes with the same --peers and --cluster-id, or this one with --join=${peer} instead of --peers: then it takes part there`
      : "start all nodes with the same --peers and --cluster-id";
    this.#put(peer, {
      code: "foreign-cluster",
      explained: theirs !== null,
      text: `${peer} belongs to another cluster, ${sees}; this node belongs to ${clusterId}, whose members are ${members().join(", ")}: ${mend}`,
    });
  }

  #put(peer: string, refusal: Refusal): void {
    const known = this.reasons().includes(refusal.text);
    this.#refusals.set(peer, refusal);
    if (!this.#hopeless && this.#options.untouched() && this.#isHopeless(peer, refusal)) {
      this.#hopeless = true;
      this.#options.onHopeless(new StartError(exitCodes.dataDir, this.reasons().join("; ")));
    } else if (!known) {
      this.#options.onReason(refusal.text);
    }
  }

  #isHopeless(peer: string, { code }: Refusal): boolean {
    if (code === "duplicate-identity") return !this.#options.met(peer); // F1
    if (code !== "foreign-cluster") return false;
    const foreign = [...this.#refusals].filter(([, other]) => other.code === code);
    return this.#noMajorityWithout(new Set(foreign.map(([id]) => id))); // F2
  }

  /** Whoever was removed meanwhile does not matter any more. */
  #forgetFormer(): void {
    const members = new Set(this.#options.members());
    for (const peer of this.#refusals.keys()) if (!members.has(peer)) this.#refusals.delete(peer);
  }

  #noMajorityWithout(gone: ReadonlySet<string>): boolean {
    const voters = this.#options.voters();
    const left = voters.filter((id) => !gone.has(id)).length;
    return voters.length > 0 && left * 2 <= voters.length;
  }
}
