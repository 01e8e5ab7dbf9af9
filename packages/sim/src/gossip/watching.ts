/** What must hold at every moment of a run of gossip, whatever the faults are. */
import { packetBytes } from "@counter/gossip";
import type { Effect, GossipLimits, MemberEvent, MemberEventType } from "@counter/gossip";
import type { SimMember } from "./member.ts";
import { nameOf } from "./world.ts";

export type GossipInvariantName =
  | "event-order"
  | "own-incarnation"
  | "bounded"
  | "listening"
  | "converge"
  | "calm-health"
  | "cut-link"
  | "leave"
  | "detection"
  | "drained"
  | "needless"
  | "bridge";

/** Each as a sentence that is true of the protocol. */
export const gossipInvariantSentences: Readonly<Record<GossipInvariantName, string>> = {
  "event-order": "events of a member are in order and without gaps, and each is a change",
  "own-incarnation": "nobody believes an incarnation that its member never had",
  bounded: "packets, rumours, relays and exchanges stay within their limits",
  listening: "who ran all the time does not take itself for one that stood still",
  converge: "after the faults everybody knows everybody who runs, as it is now",
  "calm-health": "in a calm cluster, and after one crash, everybody is healthy",
  "cut-link": "two members that do not reach each other are not suspected while others reach both",
  leave: "who leaves is known to have left, everywhere, and not to have failed",
  detection: "a crash is known everywhere soon, and nothing else is suspected then",
  needless: "in a calm cluster nobody is asked about a member that answers by itself",
  bridge: "two networks know each other soon after somebody joined both at once",
  drained: "what is kept for others does not stay when they are done",
};

/** An invariant does not hold. */
export class GossipViolation extends Error {
  override readonly name = "GossipViolation";
  readonly invariant: GossipInvariantName;

  constructor(invariant: GossipInvariantName, detail: string) {
    super(detail);
    this.invariant = invariant;
  }
}

/** What may be told of a member after what. */
const nextEvents: Readonly<Record<string, readonly MemberEventType[]>> = {
  none: ["join"],
  alive: ["suspect", "failed", "leave", "update", "conflict"],
  suspect: ["alive", "failed", "leave", "update", "conflict"],
  dead: ["join", "leave"],
  left: ["join", "failed"],
};

interface Last {
  readonly standing: string;
  readonly sequence: number;
}

export class GossipWatch {
  readonly #limits: GossipLimits;
  readonly #last = new Map<SimMember, Map<string, Last>>();
  readonly #incarnations = new Map<string, number>();

  constructor(limits: GossipLimits) {
    this.#limits = limits;
  }

  onEffect(effect: Effect, at: SimMember): void {
    const { name, incarnation, rumorBytes, broadcastBytes, relays, exchanges } = at.core.status();
    this.#incarnations.set(name, Math.max(incarnation, this.#incarnations.get(name) ?? 0));
    const limits = this.#limits;
    const within =
      rumorBytes <= limits.rumorsMaxBytes &&
      broadcastBytes <= limits.broadcastsMaxBytes &&
      relays <= limits.relaysMax &&
      exchanges <= limits.exchangesMax &&
      (effect.type !== "packet" || packetBytes(effect.messages) <= limits.packetMaxBytes);
    if (!within) throw new GossipViolation("bounded", `${name} exceeds a limit`);
    if (effect.type !== "note" || effect.note.type !== "stalled" || at.ranAgainMs === at.nowMs) {
      return;
    }
    throw new GossipViolation("listening", `${name} did not stand still for ${effect.note.forMs}`);
  }

  onEvent(event: MemberEvent, at: SimMember): void {
    const { type, member, sequence } = event;
    if (member.name === nameOf(at.index)) return;
    const known = this.#last.get(at) ?? new Map<string, Last>();
    this.#last.set(at, known);
    const before = known.get(member.name) ?? { standing: "none", sequence: 0 };
    const what = `${nameOf(at.index)} tells ${type} ${sequence} of ${member.name}`;
    if (!nextEvents[before.standing]!.includes(type) || sequence !== before.sequence + 1) {
      throw new GossipViolation("event-order", `${what} after ${before.standing}`);
    }
    known.set(member.name, { standing: member.standing, sequence });
    if (member.incarnation > (this.#incarnations.get(member.name) ?? 0)) {
      throw new GossipViolation("own-incarnation", `${what} as of ${member.incarnation}`);
    }
  }
}
