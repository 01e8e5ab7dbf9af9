/** The nouns of the gossip protocol. Nothing here has behaviour. */

/** Unique in the cluster and kept for life; 1 to 255 bytes of UTF-8. */
export type MemberName = string;

/**
 * Where a member is reached, over UDP and TCP alike. `host` is the address of an interface in its one
 * canonical text (IPv4 dotted, IPv6 as RFC 5952 writes it, a mapped IPv4 as IPv4), so that equal
 * addresses are equal texts; never a DNS name. `port`: 1–65535.
 */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Orders what is said of one member: only the member itself raises it. An unsigned 32-bit number.
 */
export type Incarnation = number;

/** A monotonic clock of the caller, in milliseconds; its zero does not matter. */
export type Milliseconds = number;

/** What is thought of a member: it answers, it is doubted, it failed, it went by itself. */
export type Standing = "alive" | "suspect" | "dead" | "left";

/**
 * The protocol versions that a member understands and speaks, and those of the layer above it: six
 * bytes on the wire, in this order.
 */
export interface Versions {
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly protocol: number;
  readonly delegateMin: number;
  readonly delegateMax: number;
  readonly delegate: number;
}

/** What a member says of itself; it changes only together with the incarnation. */
export interface MemberDetail {
  readonly address: Address;
  /** At most 512 bytes that mean something to the layer above. */
  readonly meta: Uint8Array;
  /** `null`: it did not say. */
  readonly versions: Versions | null;
}
