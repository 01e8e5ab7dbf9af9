/** The record of a member, and the few things that every chapter does with it. */
import type { Alive, Dead, Message } from "../messages.ts";
import type { Address, MemberDetail, MemberName, Milliseconds } from "../types.ts";
import { adjustedHealth } from "./awareness.ts";
import type { Effect, MemberEventType, Note, Outcome, RejectReason } from "./door.ts";
import { emptyTable, viewOf } from "./members.ts";
import type { Member, MemberTable } from "./members.ts";
import type { GossipOptions } from "./options.ts";
import type { RandomState } from "./random.ts";
import { emptyQueue } from "./rumors.ts";
import type { RumorQueue } from "./rumors.ts";

/** A probe that is not decided. */
export interface Probe {
  readonly seqNo: number;
  readonly member: Member;
  /** Where it was when the probe began. */
  readonly address: Address;
  /** It is probed because another one uses its name. */
  readonly urgent: boolean;
  readonly sentAt: Milliseconds;
  /** When others are asked; `null`: they were. */
  askOthersAt: Milliseconds | null;
  /** When it failed; put off if others were asked late. */
  verdictAt: Milliseconds;
  /** Helpers that promised to say so if they hear nothing. */
  nacksExpected: number;
  nacks: number;
}

/** A ping made for somebody else. */
export interface Relay {
  readonly to: Address;
  /** Of the one who asked. */
  readonly seqNo: number;
  /** When it is told that nothing was heard; `null`: it did not ask, or was told. */
  nackAt: Milliseconds | null;
  readonly expiresAt: Milliseconds;
}

/** A stream that we opened, and what for. */
export type Exchange = {
  readonly to: Address;
  readonly deadline: Milliseconds;
} & ExchangePurpose;

export type ExchangePurpose =
  | {
      readonly kind: "sync";
      readonly context: number | null;
      /** How many took part before the first rows of the answer; `null`: none came yet. */
      liveBefore: number | null;
      /** How many its answer names of those that joins brought; `null`: it is no join. */
      named: number | null;
    }
  | { readonly kind: "ping"; readonly seqNo: number }
  | { readonly kind: "user"; readonly context: number };

/** A join whose addresses are not all tried. */
export interface Joining {
  readonly waiting: Address[];
  pending: number;
  reached: number;
}

/** When what is done regularly is due; `Infinity`: not at all. */
export interface Schedule {
  probe: Milliseconds;
  gossip: Milliseconds;
  pushPull: Milliseconds;
  reconnect: Milliseconds;
  seed: Milliseconds;
  bridge: Milliseconds;
  /** A suspicion may be over; sooner than it really is after one was lifted. */
  suspicion: Milliseconds;
  forget: Milliseconds;
  leave: Milliseconds;
  /** A relay or an exchange may be over; sooner than it really is after one was answered. */
  relay: Milliseconds;
  exchange: Milliseconds;
}

/** What came in since the first of the joins that overlap began. */
export interface Meeting {
  /** Who came to take part through the tables of these joins; `membersMax` at most. */
  readonly brought: Set<MemberName>;
  /** Who answered, and how many of those its table named; `addressesMax` at most. */
  readonly tables: { readonly from: Address; named: number }[];
  /** How often further tables were sent. */
  rounds: number;
}

export interface GossipState extends RandomState {
  readonly options: GossipOptions;
  now: Milliseconds;
  effects: Effect[];
  readonly self: Member;
  readonly table: MemberTable;
  /** 0 is healthy; at most `awarenessMax` - 1. */
  health: number;
  probe: Probe | null;
  /** To be probed before anybody else. */
  urgent: Member | null;
  lastSeqNo: number;
  readonly relays: Map<number, Relay>;
  readonly rumors: RumorQueue;
  readonly broadcasts: RumorQueue;
  lastGossipAt: Milliseconds;
  readonly exchanges: Map<number, Exchange>;
  lastExchange: number;
  readonly joining: Map<number, Joining>;
  /** `null`: nobody joins, and nobody who answered is to be sent another table. */
  meeting: Meeting | null;
  /** Exchanges in a row that brought members nobody had told us of. */
  settling: number;
  /** How many others took part when tables were exchanged last, or when it was planned again (X6). */
  liveAtSync: number;
  /** The next regular exchange is with somebody of whom we were only told (X6). */
  hasGrown: boolean;
  seeds: readonly Address[];
  ackPayload: Uint8Array;
  /** `null`: it does not leave. */
  leaving: { readonly context: number; done: boolean } | null;
  readonly due: Schedule;
}

export const noBytes: Uint8Array = new Uint8Array(0);

/** A member that knows nobody, at the time `now`. */
export function initialState(options: GossipOptions, now: Milliseconds): GossipState {
  const { name, address, meta, versions, incarnation, seed, limits } = options;
  const detail: MemberDetail = { address, meta, versions };
  const self: Member = {
    ...{ name, detail, detailIncarnation: incarnation, standing: "alive", incarnation },
    ...{
      changedAt: now,
      sequence: 0,
      slot: -1,
      suspicion: null,
      conflict: null,
      roundTrips: null,
      source: null,
    },
  };
  const table = emptyTable();
  table.byName.set(name, self);
  return {
    ...{ options, now, effects: [], self, table, health: 0, probe: null, urgent: null },
    ...{ random: seed | 0, lastSeqNo: 0, relays: new Map(), exchanges: new Map(), lastExchange: 0 },
    rumors: emptyQueue(limits.rumorsMaxBytes),
    broadcasts: emptyQueue(limits.broadcastsMaxBytes),
    ...{ lastGossipAt: -Infinity, joining: new Map(), settling: 0, seeds: [], ackPayload: noBytes },
    ...{ leaving: null, meeting: null, liveAtSync: 0, hasGrown: false },
    due: {
      ...{ probe: 0, gossip: Infinity, pushPull: Infinity, reconnect: Infinity },
      ...{
        bridge: Infinity,
        seed: Infinity,
        suspicion: Infinity,
        forget: Infinity,
        leave: Infinity,
      },
      ...{ relay: Infinity, exchange: Infinity },
    },
  };
}

/** How many take part, this one included. */
export function liveCount(s: GossipState): number {
  return s.table.live.length + 1;
}

export function memberNamed(s: GossipState, name: MemberName): Member | undefined {
  return s.table.byName.get(name);
}

export function note(s: GossipState, what: Note): void {
  s.effects.push({ type: "note", note: what });
}

export function outcome(s: GossipState, what: Outcome): void {
  s.effects.push({ type: "outcome", outcome: what });
}

export function emit(
  s: GossipState,
  type: MemberEventType,
  member: Member,
  otherAddress: Address | null = null,
): void {
  member.sequence += 1;
  const event = { type, member: viewOf(member), sequence: member.sequence, otherAddress };
  s.effects.push({ type: "event", event });
}

/** We were too slow, or somebody thought so; or we were not. */
export function adjustHealth(s: GossipState, delta: number, why: string): void {
  const score = adjustedHealth(s.health, delta, s.options.timing.awarenessMax);
  if (score === s.health) return;
  s.health = score;
  note(s, { type: "health", score, why });
}

/** Unsigned 32 bits, never 0, so that a forgotten field does not look like an answer. */
export function nextSeqNo(s: GossipState): number {
  s.lastSeqNo = s.lastSeqNo >= 0xffff_ffff ? 1 : s.lastSeqNo + 1;
  return s.lastSeqNo;
}

/** Something that arrived changes nothing. Many in a row for one reason are noted once. */
export function reject(
  s: GossipState,
  from: Address,
  message: Message["type"],
  reason: RejectReason,
): void {
  const last = s.effects.at(-1);
  const again =
    last?.type === "note" &&
    last.note.type === "rejected" &&
    last.note.reason === reason &&
    last.note.message === message;
  if (!again) note(s, { type: "rejected", message, from, reason });
}

/** What this member says when it leaves. */
export function ownGoodbye(s: GossipState): Dead {
  const { name, incarnation } = s.self;
  return { type: "dead", incarnation, node: name, from: name };
}

/** The claim that this member makes of itself now. */
export function ownAlive(s: GossipState): Alive {
  const { name, detail, incarnation } = s.self;
  return { type: "alive", incarnation, node: name, ...detail };
}
