/** Makes log lines of what happens in the gossip. It answers nothing, so it cannot change that. */
import type { MemberEvent, Note, SerfObserver } from "@counter/gossip";
import type { Logger } from "winston";

import { formatAddress } from "../config/addresses.ts";
import { messageOf } from "../process/error-text.ts";
import { NowAndThen } from "../process/now-and-then.ts";
import { isSameCluster, type GossipMember, type GossipStanding } from "./gossip-member.ts";
import type { NodeTags } from "./node-tags.ts";

/** Strangers can make up members: no more of them are remembered. */
export const toldMax: number = 1024;

type Told = Exclude<GossipStanding, "suspect">;

export class GossipWatch {
  readonly #log: Logger;
  readonly #own: () => NodeTags;
  /** What was said last of each member of our cluster, by name. */
  readonly #told = new Map<string, Told>();
  readonly #warned = new Set<string>();
  readonly #often = new NowAndThen();

  /** @param own - what this node says of itself now */
  constructor(log: Logger, own: () => NodeTags) {
    this.#log = log;
    this.#own = own;
  }

  /** A member as it is now; what was said of it is not said again. */
  onMember(member: GossipMember): void {
    const { name, standing, node } = member;
    if (node?.dir === this.#own().dir) return;
    const facts = { gossip: member.address, http: node?.http, standing };
    if (!isSameCluster(node, this.#own())) return void this.#log.debug(`gossip: ${name}`, facts);
    if (standing === "suspect") return void this.#log.debug(`gossip: ${name} is doubted`, facts);
    const before = this.#told.get(name);
    if (before === standing) return;
    if (before === undefined && this.#told.size >= toldMax) return;
    this.#told.set(name, standing);
    const level = standing === "failed" ? "warn" : "info";
    this.#log.log(level, textOf(name, standing, before), { http: node?.http });
  }

  /** Two processes have one name: a node that has moved, or a copy of a data directory. */
  onConflict({ member, otherAddress }: Pick<MemberEvent, "member" | "otherAddress">): void {
    const { name, address } = member;
    const other = otherAddress === null ? "another address" : formatAddress(otherAddress);
    const text = `gossip: ${name} is at ${formatAddress(address)}, and somebody at ${other} uses its name`;
    this.#warn(`conflict ${name} ${other}`, text);
  }

  readonly observer: SerfObserver = {
    onNote: (note) => this.#onNote(note),
    onRefused: ({ reason, detail }, from) => {
      const who = from === null ? "a member" : from.host;
      this.#warn(`refused ${reason} ${who}`, `gossip of ${who} is refused: ${reason}`, detail);
    },
    onSocketError: (error) => {
      this.#debug("socket", "gossip could not be sent", messageOf(error));
    },
    onNotSent: (error) => {
      this.#debug("notSent", "gossip could not be told", messageOf(error));
    },
    onSeedFailed: (seed, error) => {
      this.#debug(`seed ${seed}`, `gossip: ${seed} is not found`, messageOf(error));
    },
    onLoopbackAdvertised: (address) => {
      const text = `gossip: nodes on other machines are told ${formatAddress(address)}, where only this machine can reach this node: add --advertise=host:port`;
      this.#warn("loopback", text);
    },
    onQueryFailed: ({ name }, error) => {
      this.#log.error(`the query ${name} of gossip failed`, { error });
    },
    onQueryDropped: () => {
      this.#warn("dropped", "gossip: too many queries at a time; some are not answered");
    },
  };

  #onNote(note: Note): void {
    switch (note.type) {
      case "forgotten":
        return void this.#told.delete(note.node);
      case "stalled":
        return this.#debug("stalled", `gossip: stood still for ${Math.round(note.forMs)} ms`);
      case "health":
        return void this.#log.debug(`gossip: health is ${note.score}`, { reason: note.why });
      case "refuted":
        return this.#debug("refuted", "gossip: somebody doubted this node, which said otherwise");
      case "rejected": {
        const text = `gossip: ${note.message} of ${formatAddress(note.from)} is not believed`;
        return this.#debug(`rejected ${note.reason}`, text, note.reason);
      }
      case "rumorsFull":
        return this.#debug("rumorsFull", "gossip: too much to tell; the oldest is not told on");
      case "probeFailed":
        return; // what comes of it is told
    }
  }

  /** What stays wrong would fill the log: only its first sign is loud. */
  #warn(kind: string, text: string, reason?: string): void {
    if (this.#warned.has(kind) || this.#warned.size >= toldMax) {
      return this.#debug(kind, text, reason);
    }
    this.#warned.add(kind);
    this.#log.warn(text, { reason });
  }

  /** Of what may happen thousands of times a second: the first, and then how many there were. */
  #debug(kind: string, text: string, reason?: string): void {
    const count = this.#often.count(kind);
    if (count > 0) this.#log.debug(text, { ...(count > 1 ? { count } : {}), reason });
  }
}

function textOf(name: string, standing: Told, before: Told | undefined): string {
  switch (standing) {
    case "alive":
      return before === undefined ? `gossip: ${name} is there` : `gossip: ${name} is back`;
    case "failed":
      return `gossip: ${name} has failed: nobody reaches it`;
    case "left":
      return `gossip: ${name} has left`;
  }
}
