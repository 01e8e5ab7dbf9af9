/**
 * A deterministic simulator for `@counter/raft`: run the core, or your own state machine on top of
 * it, under faults of disk, network and process that are all drawn from one seed. And the same for
 * `@counter/gossip`: clusters of its real core, up to thousands of members.
 */
export { replayCommand, runSeeds, shrink } from "./batch.ts";
export type { BatchResult, ReplaySetting, ShrunkRun } from "./batch.ts";
export { counterMachineWorkload } from "./counter-machine-workload.ts";
export {
  counterOperationsWorkload,
  counterOperationsWorkloadOf,
} from "./counter-operations-workload.ts";
export { counterRestoresWorkload, counterRestoresWorkloadOf } from "./counter-restores-workload.ts";
export { KeyedCounter, counterWorkload } from "./counter-workload.ts";
export { cornerNames, corners } from "./coverage.ts";
export type { Corner, CornerCounts } from "./coverage.ts";
export { describeEntries, describeId, describeMessage, describeNote } from "./describe.ts";
export type { DiskLatency } from "./disk.ts";
export { eventualReplayCommand, shrinkEventual } from "./eventual/batch.ts";
export type { ShrunkEventualRun } from "./eventual/batch.ts";
export { eventualCornerNames, eventualCorners } from "./eventual/corners.ts";
export type { EventualCorner } from "./eventual/corners.ts";
export { drawEventualKnobs, eventualFaultKinds } from "./eventual/knobs.ts";
export type {
  EventualClientKnobs,
  EventualDrawOptions,
  EventualFaultKind,
  EventualKnobs,
} from "./eventual/knobs.ts";
export { runEventualSeed } from "./eventual/run.ts";
export type { EventualRunOptions, EventualRunResult } from "./eventual/run.ts";
export { eventualSentences } from "./eventual/sentences.ts";
export type { EventualInvariant } from "./eventual/sentences.ts";
export type { SimCore, SimCoreFactory } from "./eventual/world.ts";
export { unitsPerTick } from "./event-heap.ts";
export { runGossipSeed } from "./gossip/simulation.ts";
export type { GossipRunOptions, GossipRunResult } from "./gossip/simulation.ts";
export { measureTargets } from "./gossip/targets.ts";
export type { TargetOptions } from "./gossip/targets.ts";
export { gossipInvariantSentences } from "./gossip/watching.ts";
export type { GossipInvariantName } from "./gossip/watching.ts";
export type { CoreFactory } from "./gossip/world.ts";
export type { HeapBytes } from "./gossip/memory-targets.ts";
export { hostFlaws } from "./host-flaws.ts";
export type { HostFlaw } from "./host-flaws.ts";
export type { OperationOutcome, OperationRecord } from "./history.ts";
export { drawKnobs, faultKinds } from "./knobs.ts";
export type {
  BreakingKind,
  ClientKnobs,
  DrawOptions,
  FaultKind,
  FaultKnobs,
  Knobs,
} from "./knobs.ts";
export { judgeCounterHistory } from "./linearizability.ts";
export type { MembershipKind, MembershipKnobs } from "./membership-knobs.ts";
export type { CounterHistory, CounterOperation } from "./linearizability.ts";
export type { ClientPosition, Operation, SimStateMachine, SimWorkload } from "./machine.ts";
export { exactlyOnceWorkload, exactlyOnceWorkloadOf } from "./exactly-once-workload.ts";
export type { LinkWeather } from "./network.ts";
export { Random } from "./random.ts";
export { replayScenario } from "./scenario/replay.ts";
export { livenessTimeouts, runSeed, runSeedAsync } from "./simulation.ts";
export type { RunOptions, RunResult } from "./simulation.ts";
export { invariantSentences } from "./violation.ts";
export type { InvariantName } from "./violation.ts";
