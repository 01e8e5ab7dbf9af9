/**
 * The one door of the core: what goes in, and what is to be done about it.
 *
 * A run is its options and its inputs with their times. Recording those two replays it.
 */
import type {
  Ack,
  Message,
  PacketMessage,
  Ping,
  PushPull,
  PushPullState,
  StreamMessage,
  UserMessage,
} from "../messages.ts";
import type {
  Address,
  Incarnation,
  MemberName,
  Milliseconds,
  Standing,
  Versions,
} from "../types.ts";

/** Everything that can happen to a member. Network input is never a reason to throw. */
export type Input =
  /** Time has passed; wanted no later than `nextDeadline()`, after everything that has arrived. */
  | { readonly type: "tick" }
  /** A packet arrived, decoded; `from` is where it says it came from. */
  | {
      readonly type: "packet";
      readonly from: Address;
      readonly messages: readonly PacketMessage[];
    }
  /** Somebody opened a stream and said this; answered by `answerStream`, but not a user message. */
  | {
      readonly type: "stream";
      /** Given by the host, to tell its streams apart. */
      readonly stream: number;
      readonly from: Address;
      readonly message: PushPull | Ping | UserMessage;
    }
  /**
   * Rows of a table that is too long for one step. They come in order, and before the `stream` or
   * `streamAnswered` that has the last ones; `exchange` is that of the latter, `null` for a `stream`.
   */
  | {
      readonly type: "rows";
      readonly from: Address;
      readonly exchange: number | null;
      readonly states: readonly PushPullState[];
    }
  /** What came back on a stream that `openStream` asked for. */
  | {
      readonly type: "streamAnswered";
      readonly exchange: number;
      readonly message: StreamMessage;
    }
  /** The user message that `openStream` asked for was written, and the stream closed. */
  | { readonly type: "streamDone"; readonly exchange: number }
  /** A stream that `openStream` asked for could not be opened, or broke, or took too long. */
  | { readonly type: "streamFailed"; readonly exchange: number }
  /** Meet whoever is at these addresses. Answered by a `joined` outcome. */
  | { readonly type: "join"; readonly context: number; readonly addresses: readonly Address[] }
  /** Where somebody should always be: looked at now and then for ever. Replaces the list before. */
  | { readonly type: "seeds"; readonly addresses: readonly Address[] }
  /** Say something else of ourselves. */
  | { readonly type: "updateMeta"; readonly context: number; readonly meta: Uint8Array }
  /**
   * Tell everybody, if this can be told in one packet. A later one with the same key takes the place
   * of this one; `null`: none does. Whoever receives it decides whether to broadcast it on.
   */
  | {
      readonly type: "broadcast";
      readonly context: number;
      readonly key: string | null;
      readonly payload: Uint8Array;
    }
  /** Tell one member: over a stream, or in one packet that may be lost. */
  | {
      readonly type: "send";
      readonly context: number;
      readonly to: MemberName;
      readonly payload: Uint8Array;
      readonly reliable: boolean;
    }
  /** What our acks carry for the layer above: at most 512 bytes, or it is a bug of the host. */
  | { readonly type: "ackPayload"; readonly payload: Uint8Array }
  /** The host found that nothing was read for so long, though it ticked in time. */
  | { readonly type: "stalled"; readonly forMs: number }
  /** Say goodbye. Answered by a `left` outcome; from then on only questions are answered. */
  | { readonly type: "leave"; readonly context: number };

/** A member as it is known here; a copy, safe to keep. */
export interface MemberView {
  readonly name: MemberName;
  readonly address: Address;
  readonly meta: Uint8Array;
  readonly versions: Versions | null;
  readonly standing: Standing;
  readonly incarnation: Incarnation;
  /** How long its answers to our pings took of late: the middle of eight; `null`: not known. */
  readonly rttMs: Milliseconds | null;
}

/**
 * - `join`: it is here, for the first time or after it was gone.
 * - `suspect`, `alive`: it is doubted, and no longer.
 * - `failed`: given up. `leave`: gone by itself.
 * - `update`: it says something else of itself.
 * - `conflict`: somebody at another address uses its name; nothing changed.
 */
export type MemberEventType =
  "join" | "suspect" | "alive" | "failed" | "leave" | "update" | "conflict";

export interface MemberEvent {
  readonly type: MemberEventType;
  /** As it is right after. */
  readonly member: MemberView;
  /** 1, 2, 3 … for each member, from when it was first heard of. */
  readonly sequence: number;
  /** Of a conflict: where the other one is. Else `null`. */
  readonly otherAddress: Address | null;
}

/** Why something was not done. Unless it says otherwise, it is certain that nothing happened. */
export type RefusalReason =
  /** Larger than a packet, a message or metadata may be. */
  | "tooLarge"
  /** Too many bytes or exchanges are waiting. */
  | "overloaded"
  | "unknownMember"
  /** No stream to the member could be opened; what was sent may have arrived all the same. */
  | "unreachable"
  | "leaving";

/** Answers to inputs with the same context. */
export type Outcome =
  /** All addresses were tried; `reached` of them answered, and the tables are merged. */
  | { readonly type: "joined"; readonly context: number; readonly reached: number }
  | { readonly type: "left"; readonly context: number }
  /** It will be told, is on its way, or, over a stream, was handed over. */
  | { readonly type: "accepted"; readonly context: number }
  | { readonly type: "refused"; readonly context: number; readonly reason: RefusalReason };

/** Why something that arrived changed nothing. */
export type RejectReason =
  /** A name, address, metadata or version that no member can have. */
  | "malformed"
  /** A step of an incarnation that no member makes. */
  | "incarnationJump"
  /** No room for another member. */
  | "membersFull"
  /** Its source told us of too many members already that have not answered us themselves. */
  | "sourceFull"
  /** A ping for somebody else, who was at our address before. */
  | "wrongName"
  /** Too many pings are being made for others. */
  | "relaysFull"
  /** An answer that nobody waits for, or a message that has no place there. */
  | "unexpected";

/** What happened and why, for logs, metrics and traces. Cores do not log. */
export type Note =
  | {
      readonly type: "rejected";
      readonly message: Message["type"];
      readonly from: Address;
      readonly reason: RejectReason;
    }
  /** The score of health changed. */
  | { readonly type: "health"; readonly score: number; readonly why: string }
  /** Somebody doubted us, and we said otherwise. */
  | { readonly type: "refuted"; readonly incarnation: Incarnation }
  /** We did not listen for so long. */
  | { readonly type: "stalled"; readonly forMs: number }
  /** A probe ended without an answer. */
  | { readonly type: "probeFailed"; readonly node: MemberName; readonly nacks: number }
  /** A rumour was dropped to make room for a newer one. */
  | { readonly type: "rumorsFull" }
  /** A member that was gone for long is no longer remembered. */
  | { readonly type: "forgotten"; readonly node: MemberName };

/** Work for the host, to be done in this order. */
export type Effect =
  | {
      readonly type: "packet";
      readonly to: Address;
      readonly messages: readonly PacketMessage[];
      /** The newest protocol that the receiver is known to understand; 0: not known. */
      readonly protocolMax: number;
    }
  /**
   * Open a stream, say this, and step what comes back as `streamAnswered`, or `streamFailed`. The
   * host adds its user state to a push/pull. A user message is not answered: step `streamDone`.
   */
  | {
      readonly type: "openStream";
      readonly exchange: number;
      readonly to: Address;
      readonly message: PushPull | Ping | UserMessage;
      readonly timeoutMs: number;
    }
  /** Answer on the stream that the host calls by this number, and close it. */
  | {
      readonly type: "answerStream";
      readonly stream: number;
      readonly message: PushPull | Ack;
    }
  | { readonly type: "event"; readonly event: MemberEvent }
  /** A message for the layer above. */
  | {
      readonly type: "user";
      readonly from: Address;
      readonly payload: Uint8Array;
      readonly reliable: boolean;
    }
  /** The user state that came with a push/pull. */
  | { readonly type: "userState"; readonly join: boolean; readonly userState: Uint8Array }
  /** A member answered a probe by itself. */
  | {
      readonly type: "pong";
      readonly node: MemberName;
      readonly rttMs: Milliseconds;
      readonly payload: Uint8Array;
    }
  | { readonly type: "outcome"; readonly outcome: Outcome }
  | { readonly type: "note"; readonly note: Note };

/** What a process leaves for the next one of its member, so that it comes back as itself. */
export interface GossipSnapshot {
  readonly incarnation: Incarnation;
  /** Where living members were. */
  readonly addresses: readonly Address[];
}

/** A view for people and tests; a copy, safe to keep. */
export interface GossipStatus {
  readonly name: MemberName;
  readonly incarnation: Incarnation;
  readonly health: number;
  readonly leaving: boolean;
  /** Those that take part, this one included. */
  readonly live: number;
  readonly suspects: number;
  /** Those that are gone and not forgotten. */
  readonly gone: number;
  readonly rumors: number;
  readonly rumorBytes: number;
  readonly broadcasts: number;
  readonly broadcastBytes: number;
  readonly exchanges: number;
  readonly relays: number;
}

/** What a host, a test and a simulator see of the core. */
export interface GossipCoreLike {
  /**
   * @param now - milliseconds of a monotonic clock; one that went back counts as standing still
   * @returns what is to be done, in order
   */
  step(input: Input, now: Milliseconds): readonly Effect[];
  /** When to step a tick at the latest. */
  nextDeadline(): Milliseconds;
  status(): GossipStatus;
  members(): readonly MemberView[];
  snapshot(): GossipSnapshot;
}
