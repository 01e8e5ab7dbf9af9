/**
 * What the codec covers, written down a second time.
 *
 * The compiler compares it with the messages of `@counter/raft`: a new message, a new field or
 * another type of a field fails the build here, and whoever sees it fail changes `encode.ts`,
 * `decode.ts`, the version in `frame.ts` and `docs/wire.md`.
 */
import type { Message } from "@counter/raft";

interface WireEntry {
  readonly index: number;
  readonly term: number;
  readonly kind: "command" | "noop" | "configuration";
  readonly data: Uint8Array;
}

interface WireConfiguration {
  readonly members: readonly { readonly id: string; readonly address: string }[];
  readonly voters: readonly string[];
  readonly outgoing: readonly string[];
  readonly learners: readonly string[];
  readonly learnersNext: readonly string[];
  readonly joining: readonly string[];
  readonly autoLeave: boolean;
}

interface WireChunk {
  readonly snapshot: {
    readonly index: number;
    readonly term: number;
    readonly configuration: WireConfiguration;
    readonly configurationIndex: number;
  };
  readonly offset: number;
  readonly data: Uint8Array;
  readonly done: boolean;
}

/** `from` and `to` are not in the frame: they are the two ends of the stream. */
interface WireEnvelope<Type extends string> {
  readonly type: Type;
  readonly from: string;
  readonly to: string;
  readonly term: number;
}

interface WireRequestVote extends WireEnvelope<"requestVote"> {
  readonly preVote: boolean;
  readonly transfer: boolean;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

interface WireRequestVoteResponse extends WireEnvelope<"requestVoteResponse"> {
  readonly preVote: boolean;
  readonly granted: boolean;
}

interface WireAppendEntries extends WireEnvelope<"appendEntries"> {
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly WireEntry[];
  readonly commitIndex: number;
  readonly readRound: number;
}

interface WireAppendEntriesResponse extends WireEnvelope<"appendEntriesResponse"> {
  readonly rejected: boolean;
  readonly index: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
  readonly readRound: number;
}

interface WireInstallSnapshot extends WireEnvelope<"installSnapshot"> {
  readonly chunk: WireChunk;
  readonly readRound: number;
}

interface WireInstallSnapshotResponse extends WireEnvelope<"installSnapshotResponse"> {
  readonly index: number;
  readonly nextOffset: number;
  readonly installed: boolean;
  readonly readRound: number;
}

interface WireReadIndexRequest extends WireEnvelope<"readIndexRequest"> {
  readonly context: number;
}

interface WireReadIndexResponse extends WireEnvelope<"readIndexResponse"> {
  readonly context: number;
  readonly index: number | null;
}

type WireTimeoutNow = WireEnvelope<"timeoutNow">;

type WireMessage =
  | WireRequestVote
  | WireRequestVoteResponse
  | WireAppendEntries
  | WireAppendEntriesResponse
  | WireInstallSnapshot
  | WireInstallSnapshotResponse
  | WireReadIndexRequest
  | WireReadIndexResponse
  | WireTimeoutNow;

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- T makes the comparison strict */
/** True only for identical types, `readonly` and `?` included. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

type Holds<Fact extends true> = Fact;

/** If this line does not compile, a message changed and the codec did not. */
export type CodecCoversEveryMessage = Holds<Same<WireMessage, Message>>;
