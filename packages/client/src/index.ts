/** Client of the replicated counter service. */
export {
  batchMax,
  batchMaxBytes,
  type BatchOperation,
  type BatchOptions,
  type BatchResult,
} from "./batch.ts";
export { waitMaxSeconds } from "./calls.ts";
export {
  CounterClient,
  OpenSession,
  SessionClient,
  type Counters,
  type ListOptions,
} from "./client.ts";
export { Cluster, type MemberOptions } from "./cluster.ts";
export { CounterHandle } from "./counter.ts";
export type { Json } from "./decode.ts";
export {
  AbortError,
  BoundExceededError,
  CounterError,
  InvalidArgumentError,
  InvalidReplyError,
  NotFoundError,
  OutcomeUnknownError,
  ProblemError,
  QuotaExceededError,
  UnreachableError,
  VersionMismatchError,
  type ErrorFacts,
  type Outcome,
  type Problem,
} from "./errors.ts";
export { keyMaxLength, newKey } from "./keys.ts";
export { sessionWaitingMax, sessionWritesMax } from "./numbering.ts";
export { digitsMax, toNumberSafe, type Integer } from "./numbers.ts";
export {
  endpointsMax,
  replyMaxBytes,
  timeoutMaxMs,
  type Attempt,
  type ClientOptions,
  type Fetch,
  type RetryOptions,
} from "./options.ts";
export { Session, sessionTokensMax } from "./session.ts";
export {
  Snapshots,
  snapshotMaxBytes,
  snapshotTimeoutMs,
  type Snapshot,
  type SnapshotStream,
} from "./snapshot.ts";
export type * from "./types.ts";
export { silenceMaxMs, unreadMax, type WatchEvent, type WatchOptions } from "./watch.ts";
