export * from "./types.ts";
export * from "./messages.ts";
export * from "./errors.ts";
export * from "./core/door.ts";
export { RaftCore } from "./core/raft-core.ts";
export type { RaftImage } from "./core/image.ts";
export { bootstrap } from "./core/bootstrap.ts";
export { defaultRaftOptions } from "./core/options.ts";
export {
  configurationOf,
  configurationProblem,
  decodeConfiguration,
  encodeConfiguration,
  isVoter,
} from "./core/configuration.ts";
export { enterJoint, leaveJoint, simpleChange } from "./core/configuration-changes.ts";
export type { ChangeResult, MembershipChange } from "./core/configuration-changes.ts";
export {
  configurationIndex,
  configurationVoteResult,
  majorityIndex,
  majoritySize,
  voteResult,
} from "./core/quorum.ts";
export type { VoteResult } from "./core/quorum.ts";
export {
  isRefused,
  isSessionChanged,
  refusalReasonMaxLength,
  refuse,
  refusedCode,
} from "./node/answers.ts";
export type { Answer, Refused, RefusedCode, SessionChanged } from "./node/answers.ts";
export type {
  Envelope,
  EnvelopeContent,
  SessionChange,
  SessionId,
  SessionPosition,
} from "./exactly-once/envelope-port.ts";
export { exactlyOnce } from "./exactly-once/exactly-once.ts";
export type {
  ExactlyOnceMachine,
  ExactlyOnceOptions,
  ExactlyOnceStats,
} from "./exactly-once/exactly-once.ts";
export { answerMaxBytes, keyMaxLength, sessionSpanMax } from "./exactly-once/limits.ts";
export type { MemoryLimits } from "./exactly-once/limits.ts";
export { Session, openSession } from "./exactly-once/session.ts";
export type { Proposer, SessionOptions } from "./exactly-once/session.ts";
export * from "./node/ports.ts";
export * from "./node/options.ts";
export { FlightRecorder } from "./node/flight-recorder.ts";
export type { FlightRecorderOptions } from "./node/flight-recorder.ts";
export { combineObservers } from "./node/observers.ts";
export { readyHash } from "./node/ready-hash.ts";
export { RecordingFormatError, readRecording } from "./node/recording-reader.ts";
export { writeRecording } from "./node/recording.ts";
export type { RecordedInput, Recording } from "./node/recording.ts";
export { RaftNode } from "./node/raft-node.ts";
export { defaultTickMs } from "./node/starting.ts";
export { MemoryStorage } from "./node/memory-storage.ts";
export { MemoryNetwork } from "./node/memory-network.ts";
export { StorageLawError, storageLaws } from "./node/storage-laws.ts";
export type { OpenStorage, StorageLaw } from "./node/storage-laws.ts";
