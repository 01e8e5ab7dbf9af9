/**
 * What serf agents say to each other inside memberlist's user messages. All times are Lamport
 * times: counters that a member raises above every one it sees.
 */
import type { Address, MemberName } from "../types.ts";

/** A Lamport time, 0 to 2^53 - 1; serf has 64 bits, but nobody counts that far. */
export type LamportTime = number;

/** 0: a member leaves by its own will, or is pruned by an operator. */
export interface SerfLeave {
  readonly type: "leave";
  readonly time: LamportTime;
  readonly node: MemberName;
  /** Forget it at once, without a tombstone. */
  readonly prune: boolean;
}

/** 1: a member joined; newer than any leave before it. */
export interface SerfJoin {
  readonly type: "join";
  readonly time: LamportTime;
  readonly node: MemberName;
}

/** An event inside a push/pull. */
export interface SerfRecentEvent {
  readonly name: string;
  readonly payload: Uint8Array;
}

/** The events of one Lamport time. */
export interface SerfRecentEvents {
  readonly time: LamportTime;
  readonly events: readonly SerfRecentEvent[];
}

/** 2: the user state of a push/pull. */
export interface SerfPushPull {
  readonly type: "pushPull";
  readonly time: LamportTime;
  /** The time of the last change of each member. */
  readonly statusTimes: ReadonlyMap<MemberName, LamportTime>;
  readonly leftMembers: readonly MemberName[];
  readonly eventTime: LamportTime;
  readonly events: readonly SerfRecentEvents[];
  readonly queryTime: LamportTime;
}

/** 3: an event for everybody. */
export interface SerfUserEvent {
  readonly type: "userEvent";
  readonly time: LamportTime;
  readonly name: string;
  readonly payload: Uint8Array;
  /** Events of one name may be delivered as the last of them. */
  readonly coalesce: boolean;
}

/** Who a query is for; all filters have to hold. */
export type SerfFilter =
  | { readonly kind: "names"; readonly names: readonly MemberName[] }
  /** Those with a tag whose value `expression`, in Go's syntax, finds something in. */
  | { readonly kind: "tag"; readonly tag: string; readonly expression: string }
  /** Of a newer serf: it holds for nobody. */
  | { readonly kind: "unknown" };

/** 4: a question to everybody, answered directly to who asked. */
export interface SerfQuery {
  readonly type: "query";
  readonly time: LamportTime;
  /** Chosen at random by who asks; unsigned 32 bits. */
  readonly id: number;
  readonly source: Address;
  readonly sourceNode: MemberName;
  readonly filters: readonly SerfFilter[];
  /** Wants to know who received it, answer or not. */
  readonly ack: boolean;
  /** Is not passed on by who receives it. */
  readonly noBroadcast: boolean;
  /** Members, 0 to 255, that every answer also goes through. */
  readonly relayFactor: number;
  /** How long answers are waited for, above 0. */
  readonly timeoutMs: number;
  readonly name: string;
  readonly payload: Uint8Array;
}

/** 5: an answer to a query, or the word that it was received. */
export interface SerfQueryResponse {
  readonly type: "queryResponse";
  readonly time: LamportTime;
  readonly id: number;
  readonly from: MemberName;
  readonly ack: boolean;
  readonly payload: Uint8Array;
}

/** 6, inside an answer: who somebody knows under a name that two members claim. */
export interface SerfConflictResponse {
  readonly type: "conflictResponse";
  readonly name: MemberName;
  readonly address: Address;
}

/** 7, inside a query: the key that it is about; empty for the list of keys. */
export interface SerfKeyRequest {
  readonly type: "keyRequest";
  readonly key: Uint8Array;
}

/** 8, inside an answer: what became of it. */
export interface SerfKeyResponse {
  readonly type: "keyResponse";
  readonly result: boolean;
  readonly message: string;
  /** In base 64. */
  readonly keys: readonly string[];
  readonly primaryKey: string;
}

/** 9: pass it on to somebody. */
export interface SerfRelay {
  readonly type: "relay";
  readonly to: Address;
  readonly node: MemberName;
  /** A whole payload, its byte of type included. */
  readonly payload: Uint8Array;
}

/** What the payload of a user message or of a query may hold. */
export type SerfMessage =
  | SerfLeave
  | SerfJoin
  | SerfPushPull
  | SerfUserEvent
  | SerfQuery
  | SerfQueryResponse
  | SerfConflictResponse
  | SerfKeyRequest
  | SerfKeyResponse
  | SerfRelay;
