/** What a member of Serf is started with, and what it gives back. */
import type { Address, MemberName, Standing } from "../types.ts";
import type { SerfFilter, SerfUserEvent } from "../wire/serf-messages.ts";
import type { GossipNodeOptions, GossipObserver } from "./options.ts";

/** Bytes of the name and the payload of a user event, serf's default. */
export const USER_EVENT_MAX_BYTES = 512;
/** Bytes of a query and of an answer, encoded; serf's default. */
export const QUERY_MAX_BYTES = 1_024;
/** Queries of others that are being answered at a time; further ones are not answered. */
export const QUERIES_RUNNING_MAX = 64;
/** Queries of ours that wait for answers at a time. */
export const QUERIES_ASKED_MAX = 64;
/** Answers and acknowledgements that are kept of one query. */
export const QUERY_ANSWERS_MAX = 16_384;

/** A query that somebody asked. */
export interface SerfQuestion {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly from: MemberName;
  /** An answer after this many milliseconds comes too late. */
  readonly timeoutMs: number;
}

/** Sees everything and changes nothing. Must not throw. */
export interface SerfObserver extends GossipObserver {
  /** A rumour or an answer could not be sent. */
  onNotSent?(error: unknown): void;
  /** The handler of a query threw; nothing was answered. */
  onQueryFailed?(question: SerfQuestion, error: unknown): void;
  /** Too many queries are being answered already. */
  onQueryDropped?(question: SerfQuestion): void;
}

export interface SerfNodeOptions extends Omit<GossipNodeOptions, "meta" | "layer" | "observer"> {
  /** What this member says of itself, 512 bytes with all that is around it. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Called once for each event that was not heard before. */
  readonly onUserEvent?: (event: SerfUserEvent) => void;
  /** Answers queries that are for this member; null for none. */
  readonly onQuery?: (question: SerfQuestion) => Uint8Array | null | Promise<Uint8Array | null>;
  /** Whether `serf keys` of another member may change the keyring. By default true. */
  readonly acceptKeyQueries?: boolean;
  /**
   * Another member has changed the keyring: it is told that this was done once the promise resolves,
   * and that it failed if it rejects. The place to write the keys down.
   */
  readonly onKeysChanged?: () => Promise<void>;
  readonly observer?: SerfObserver;
}

/** A member with its tags; `null` if its metadata is not of Serf. */
export interface SerfMember {
  readonly name: MemberName;
  readonly address: Address;
  readonly standing: Standing;
  readonly tags: ReadonlyMap<string, string> | null;
  /** How long its answers to our pings took of late, in milliseconds; `null`: not known. */
  readonly rttMs: number | null;
}

/** How a query is asked. */
export interface AskOptions {
  readonly filters?: readonly SerfFilter[];
  /** Ask who received it, too. By default true. */
  readonly ack?: boolean;
  /** By default that of serf: 16 rounds of gossip, times the logarithm of the cluster. */
  readonly timeoutMs?: number;
  /** Members, 0 to 5, that every answer also goes through. By default none. */
  readonly relayFactor?: number;
}

/** What came back until the timeout; this member does not answer itself. */
export interface QueryResult {
  readonly acks: readonly MemberName[];
  readonly answers: readonly { readonly from: MemberName; readonly payload: Uint8Array }[];
}
