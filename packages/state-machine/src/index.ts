export { decodeBatch } from "./command-reader.ts";
export { encodeBatch } from "./command-writer.ts";
export { CounterMachine } from "./counter-machine.ts";
export {
  CommandFormatError,
  MachineInvariantError,
  SnapshotFormatError,
  StateMachineError,
  UnknownCommandError,
} from "./errors.ts";
export {
  conditionVersionsMax,
  countersMaxLimit,
  fingerprintBytes,
  groupOperationsMax,
  isCounterName,
  isInRange,
  isLabelKey,
  isOperationKey,
  keyMaxLength,
  keysMaxLimit,
  keyWindowMaxMs,
  labelChangesMax,
  labelsMax,
  labelValueMaxLength,
  logTimeMaxMs,
  nameMaxLength,
  namesMax,
  operationsMax,
  restoreBytesMax,
  restoreCarryMax,
  restorePartBytes,
  restorePartCounters,
  revisionMax,
  snapshotPieceBytes,
  stageIdleMaxMs,
  sweepMaxCounters,
  sweepMaxKeys,
  timesMax,
  ttlMaxMs,
  valueLimit,
} from "./limits.ts";
export { LogClock } from "./log-clock.ts";
export type { NamePage, NameQuery } from "./name-page.ts";
export type {
  AddOperation,
  CasOperation,
  CommandBatch,
  CommittedBatch,
  Condition,
  ConfigPatch,
  ConfigureOperation,
  CounterOperation,
  CreateOperation,
  DeleteOperation,
  GroupOperation,
  LabelChange,
  NextOperation,
  Operation,
  OperationKey,
  DigestOperation,
  ResetOperation,
  RestoreBegin,
  RestoreCommit,
  RestoreOperation,
  RestorePart,
  RestoreStep,
  SetOperation,
} from "./operations.ts";
export { resultAt } from "./repetition.ts";
export { decodeRestorePart, encodeRestorePart } from "./restore-codec.ts";
export type {
  GroupDone,
  OperationDone,
  OperationRefused,
  OperationResult,
  RefusalCode,
  RepeatedResult,
  SingleResult,
} from "./results.ts";
export { StageDigest } from "./stage-digest.ts";
export { plainConfig } from "./types.ts";
export type {
  CounterBackup,
  CounterChange,
  CounterConfig,
  CounterKind,
  CounterName,
  CounterValue,
  CounterVersion,
  CounterView,
  Label,
  MachineObserver,
  MachineStats,
  OnBound,
} from "./types.ts";
