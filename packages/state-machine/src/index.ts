export { decodeBatch, encodeBatch } from "./command-codec.ts";
export { CounterMachine } from "./counter-machine.ts";
export {
  CommandFormatError,
  MachineInvariantError,
  SnapshotFormatError,
  StateMachineError,
  UnknownCommandError,
} from "./errors.ts";
export {
  countersMaxLimit,
  fingerprintBytes,
  isCounterName,
  isInRange,
  isOperationKey,
  keyMaxLength,
  keysMaxLimit,
  keyWindowMaxMs,
  logTimeMaxMs,
  nameMaxLength,
  operationsMax,
  snapshotPieceBytes,
  sweepMaxKeys,
  valueLimit,
} from "./limits.ts";
export { LogClock } from "./log-clock.ts";
export type {
  AddOperation,
  CommandBatch,
  CommittedBatch,
  CounterName,
  CounterValue,
  MachineStats,
  NextOperation,
  Operation,
  OperationDone,
  OperationKey,
  OperationRefused,
  OperationResult,
  RefusalCode,
  RestoreOperation,
} from "./types.ts";
