export * from "./types.ts";
export * from "./messages.ts";
export * from "./errors.ts";
export * from "./core/door.ts";
export { RaftCore } from "./core/raft-core.ts";
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
export * from "./node/ports.ts";
export * from "./node/options.ts";
export { RaftNode } from "./node/raft-node.ts";
export { MemoryStorage } from "./node/memory-storage.ts";
export { MemoryNetwork } from "./node/memory-network.ts";
