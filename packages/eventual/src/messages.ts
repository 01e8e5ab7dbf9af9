/**
 * What nodes say to each other. A request names an exchange, and its reply names the same one and
 * travels back on the connection of the request, so that a node which cannot be dialled still gets
 * everything by asking. Replies may be lost; then the exchange ends as `unanswered`.
 */
import type { Address, Head, NodeId, RecordRange, WriterId } from "./types.ts";

/** In every message. */
export interface Sender {
  readonly clusterId: string;
  /** No peer of another cluster was ever met: the cluster id may still be given up for another. */
  readonly provisional: boolean;
  readonly node: NodeId;
  /** The number of this process in the life of its node: a later one makes earlier ones obsolete. */
  readonly boot: number;
  /** Random, the same in the whole life of a process: tells two with one boot number apart. */
  readonly nonce: number;
  readonly address: Address;
  readonly label: string;
}

export type Request =
  /** The replica form of an increment: own records, fresh from the disk. Never passed on. */
  | { readonly type: "push"; readonly ranges: readonly RecordRange[] }
  /** "Are you there?" */
  | { readonly type: "health" }
  /** "This is what I have: send what I lack, and say what you have." */
  | { readonly type: "sync"; readonly heads: readonly Head[] }
  /** The second half of a sync: what the other side lacked, of any writer. */
  | { readonly type: "fill"; readonly ranges: readonly RecordRange[] }
  /** A piece of a snapshot; `transfer` is 0 to begin one. */
  | { readonly type: "fetch"; readonly transfer: number; readonly piece: number };

export type Reply =
  /** What the receiver has on its disk, of the writers that a push or fill named. */
  | { readonly type: "ack"; readonly heads: readonly Head[] }
  | {
      readonly type: "healthy";
      /** Of the whole version vector with its hashes: equal ones need no sync. */
      readonly vectorHash: number;
      readonly ready: boolean;
    }
  | {
      readonly type: "delta";
      /** Everything that the answering node has. */
      readonly heads: readonly Head[];
      readonly ranges: readonly RecordRange[];
      /** There is more: ask again. */
      readonly more: boolean;
      /** What is lacking is not kept as records any more, or is larger than the state itself. */
      readonly snapshot: boolean;
    }
  /** `null`: there is no such transfer (any more); begin again. */
  | {
      readonly type: "piece";
      readonly transfer: number;
      readonly piece: number;
      readonly bytes: Uint8Array | null;
      /** It was the last one. */
      readonly last: boolean;
    }
  | { readonly type: "refused"; readonly why: RefusedWhy };

export type RefusedWhy =
  /** Another cluster, and none of the rules for a meeting of two applies. */
  | { readonly code: "foreign-cluster" }
  /** A later process of the same node is known, the so-manieth. */
  | { readonly code: "duplicate-identity"; readonly boot: number }
  /** The sender was removed from the cluster, for good. */
  | { readonly code: "removed" }
  /** The receiver has other records under the same positions. Nothing was applied. */
  | { readonly code: "fork"; readonly writer: WriterId }
  /** Bytes of a record, or its position, make no sense. Nothing was applied. */
  | { readonly code: "invalid"; readonly problem: string }
  /** Too much is waiting for the disk: later. */
  | { readonly code: "busy" };

export type Message =
  | {
      readonly kind: "request";
      readonly to: Address;
      readonly exchange: number;
      readonly sender: Sender;
      readonly body: Request;
    }
  | {
      readonly kind: "reply";
      /** The exchange of the request, as its sender numbered it, or as the host renumbered it. */
      readonly exchange: number;
      readonly sender: Sender;
      readonly body: Reply;
    };
