/** What happens on the network, for logs, metrics and people. */
import type { NodeId } from "@counter/raft";

/** Why a handshake failed; on the wire, the `code` of the answer. */
export type RefusalCode =
  /** 400: a header is missing or malformed. */
  | "malformed"
  /** 401: the authenticator said no. */
  | "unauthenticated"
  /** 403: the sender is not a member of this cluster, as far as the receiver knows. */
  | "not-a-member"
  /** 409: the two belong to different clusters. */
  | "foreign-cluster"
  /** 409: the receiver is not the node that was meant. */
  | "wrong-node"
  /** 409: a node came back with another data directory, or two use one id. */
  | "duplicate-identity"
  /** 426: no common version of the protocol. */
  | "unsupported-version"
  /** 503: the receiver has not started, is closing, or could not store what it must remember. */
  | "not-ready"
  /** 503: too many handshakes or strangers at once. */
  | "busy";

/** Which end opened a stream. */
export type Direction = "dialled" | "accepted";

/** Why a message was not sent. */
export type DropReason = "disconnected" | "queueFull" | "tooLarge" | "streamLost";

/** Why a well-formed frame was not delivered. */
export type IgnoreReason = "newerVersion" | "unknownType" | "foreignCluster";

export type TransportEvent =
  | {
      readonly type: "connected";
      readonly peer: NodeId;
      readonly direction: Direction;
      /** The peer's name for people. */
      readonly label: string | null;
    }
  | {
      readonly type: "disconnected";
      readonly peer: NodeId;
      readonly direction: Direction;
      readonly reason: string;
    }
  /** A peer cannot be dialled; the next attempt follows. */
  | {
      readonly type: "dialFailed";
      readonly peer: NodeId;
      readonly reason: string;
      readonly retryInMs: number;
    }
  /** A handshake was refused, by us or by the other side. */
  | {
      readonly type: "refused";
      readonly by: "us" | "them";
      /** Who it claims to be (by us), who was dialled (by them); `null` if that is not known. */
      readonly peer: NodeId | null;
      /** Text from the other side if `by` is `them` and its code is not one of ours. */
      readonly code: RefusalCode | "unknown";
      readonly message: string;
    }
  /** So many messages to a peer were dropped since the last event of this kind. */
  | {
      readonly type: "dropped";
      readonly peer: NodeId;
      readonly reason: DropReason;
      readonly count: number;
    }
  /** The first frame of a stream that was ignored for this reason. */
  | { readonly type: "ignored"; readonly peer: NodeId; readonly reason: IgnoreReason }
  /** A member's address cannot be dialled at all. */
  | { readonly type: "badAddress"; readonly peer: NodeId; readonly address: string };

/** Counters of one peer, since it became known. */
export interface PeerStats {
  /** Whether messages to it are queued rather than dropped. */
  readonly connected: boolean;
  readonly dialled: boolean;
  readonly accepted: boolean;
  /** Messages and bytes not yet taken by the operating system. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly sent: number;
  readonly received: number;
  readonly dropped: number;
  /** Well-formed frames that were not delivered. */
  readonly ignored: number;
  /** Streams closed because of bytes that no correct sender writes. */
  readonly malformed: number;
  /** Streams that we dialled after the first one. */
  readonly reconnects: number;
  /** Why the last dial or stream failed. */
  readonly lastError: string | null;
  /** The peer's name for people. */
  readonly label: string | null;
}

export interface TransportStats {
  readonly peers: Readonly<Record<NodeId, PeerStats>>;
  /** Handshakes that we refused. */
  readonly refused: number;
  /** Messages to servers that we do not know. */
  readonly droppedUnknownPeer: number;
}
