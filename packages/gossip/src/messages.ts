/**
 * What members say to each other: one interface a message of memberlist's wire, with its fields
 * under their own names in lower case. The codec in `wire/` maps them one to one.
 *
 * Bytes are handed over for good: nobody changes them after.
 */
import type { Address, Incarnation, MemberName, Standing, Versions } from "./types.ts";

/** Where the sender of a ping wants its answer; `SourceAddr`, `SourcePort`, `SourceNode`. */
export interface Source {
  readonly address: Address;
  /** Empty where the sender did not say. */
  readonly node: MemberName;
}

/** 0: "Are you there?" Ignored by whoever has another name. Over UDP, or alone on a stream. */
export interface Ping {
  readonly type: "ping";
  /** Unsigned 32 bits; its answer repeats it. */
  readonly seqNo: number;
  readonly node: MemberName;
  /** `null`: answer to where the packet came from. */
  readonly source: Source | null;
}

/** 1: "Ping that one for me." */
export interface IndirectPing {
  readonly type: "indirectPing";
  readonly seqNo: number;
  /** `Target` and `Port`. */
  readonly target: Address;
  readonly node: MemberName;
  /** Wants a nack, in time, if the target does not answer. */
  readonly nack: boolean;
  readonly source: Source | null;
}

/** 2: the answer to a ping, direct or not. */
export interface Ack {
  readonly type: "ack";
  readonly seqNo: number;
  /** Of the layer above; empty for none. */
  readonly payload: Uint8Array;
}

/** 11: "I asked it for you, and it has not answered yet." */
export interface Nack {
  readonly type: "nack";
  readonly seqNo: number;
}

/** 3: `from` doubts `node`, as of this incarnation of it. */
export interface Suspect {
  readonly type: "suspect";
  readonly incarnation: Incarnation;
  readonly node: MemberName;
  readonly from: MemberName;
}

/** 4: what a member says of itself. */
export interface Alive {
  readonly type: "alive";
  readonly incarnation: Incarnation;
  readonly node: MemberName;
  /** `Addr` and `Port`. */
  readonly address: Address;
  readonly meta: Uint8Array;
  /** `Vsn`; `null` where it is missing. */
  readonly versions: Versions | null;
}

/** 5: `from` gave `node` up; it left by itself where both are one. */
export interface Dead {
  readonly type: "dead";
  readonly incarnation: Incarnation;
  readonly node: MemberName;
  readonly from: MemberName;
}

/** 8: bytes of the layer above: a rumour over UDP, or to one member over UDP or a stream. */
export interface UserMessage {
  readonly type: "user";
  readonly payload: Uint8Array;
}

/** A row of a push/pull: all that one side knows of one member. */
export interface PushPullState {
  readonly name: MemberName;
  readonly address: Address;
  readonly meta: Uint8Array;
  readonly incarnation: Incarnation;
  /** 0 alive, 1 suspect, 2 dead, 3 left. */
  readonly state: Standing;
  readonly versions: Versions | null;
}

/** 6, on a stream: the whole table of one side. The other side answers with its own. */
export interface PushPull {
  readonly type: "pushPull";
  /** The sender joins through this exchange. */
  readonly join: boolean;
  readonly states: readonly PushPullState[];
  /** Of the layer above; empty for none. */
  readonly userState: Uint8Array;
}

/** 13, on a stream: instead of an answer. */
export interface ErrorMessage {
  readonly type: "error";
  readonly error: string;
}

/** What may stand in a packet, alone or several as a compound (7). */
export type PacketMessage = Ping | IndirectPing | Ack | Nack | Suspect | Alive | Dead | UserMessage;

/** What may stand on a stream. */
export type StreamMessage = PushPull | Ping | Ack | UserMessage | ErrorMessage;

export type Message = PacketMessage | StreamMessage;
