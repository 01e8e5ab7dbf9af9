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
export { configurationVoteResult, majorityIndex, majoritySize, voteResult } from "./core/quorum.ts";
export type { VoteResult } from "./core/quorum.ts";
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
export { MemoryStorage } from "./node/memory-storage.ts";
export { MemoryNetwork } from "./node/memory-network.ts";
