/** Makes log lines of what happens in the gossip. It answers nothing, so it cannot change that. */
import type { MemberEvent, SerfObserver } from "@counter/gossip";
import type { Logger } from "winston";

import { formatAddress } from "../config/addresses.ts";
import { messageOf } from "../error-text.ts";
import { NowAndThen } from "../now-and-then.ts";
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
    this.#tell(`conflict ${name}`, text, "warn");
  }

  readonly observer: SerfObserver = {
    onNote: (note) => {
      if (note.type === "forgotten") this.#told.delete(note.node);
      else if (note.type === "stalled") {
        const forMs = Math.round(note.forMs);
        this.#tell("stalled", `gossip: this process stood still for ${forMs} ms`, "debug");
      } else if (note.type !== "probeFailed") this.#log.debug("gossip", note);
    },
    onRefused: ({ reason, detail }, from) => {
      const who = from === null ? "a member" : formatAddress(from);
      this.#tell(`refused ${reason}`, `gossip of ${who} is refused: ${reason}`, "warn", detail);
    },
    onSocketError: (error) => {
      this.#tell("socket", "gossip could not be sent", "debug", messageOf(error));
    },
    onNotSent: (error) => {
      this.#tell("notSent", "gossip could not be told", "debug", messageOf(error));
    },
    onSeedFailed: (seed, error) => {
      this.#tell(`seed ${seed}`, `gossip: ${seed} is not found`, "debug", messageOf(error));
    },
    onLoopbackAdvertised: (address) => {
      const text = `gossip: nodes on other machines are told ${formatAddress(address)}, where only this machine can reach this node: add --advertise=host:port`;
      this.#tell("loopback", text, "warn");
    },
    onQueryFailed: ({ name }, error) => {
      this.#log.error(`the query ${name} of gossip failed`, { error });
    },
    onQueryDropped: ({ name }) => {
      this.#tell("dropped", `too many queries at a time: ${name} is not answered`, "warn");
    },
  };

  /** Of what may happen thousands of times a second: the first, and then how many there were. */
  #tell(kind: string, text: string, level: "debug" | "warn", reason?: string): void {
    const count = this.#often.count(kind);
    if (count > 0) this.#log.log(level, text, { ...(count > 1 ? { count } : {}), reason });
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
