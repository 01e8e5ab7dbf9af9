/** What the parts of one run share. */
import type { PersistedState, RaftCoreFactory, RaftOptions } from "@counter/raft";
import type { CornerWatch } from "./corner-watch.ts";
import type { Coverage } from "./coverage.ts";
import type { EventHeap } from "./event-heap.ts";
import type { HostFlaw } from "./host-flaws.ts";
import type { OperationRecord } from "./history.ts";
import type { Invariants } from "./invariants.ts";
import type { Knobs } from "./knobs.ts";
import type { SimWorkload } from "./machine.ts";
import type { SimNetwork } from "./network.ts";
import type { Trace } from "./trace.ts";

export interface World {
  readonly heap: EventHeap;
  readonly trace: Trace;
  readonly coverage: Coverage;
  readonly corners: CornerWatch;
  readonly invariants: Invariants;
  readonly network: SimNetwork;
  readonly knobs: Knobs;
  readonly raft: RaftOptions;
  readonly factory: RaftCoreFactory;
  readonly initial: PersistedState;
  readonly workload: SimWorkload;
  /** How every host breaks its contract; `null` if all keep it. */
  readonly flaw: HostFlaw | null;
  /** Every operation of every client, in the order in which they began. */
  readonly history: OperationRecord[];
  /** What must be awaited before the next event: a restore of an asynchronous machine. */
  awaited: Promise<void> | null;
  /** The faults are over: disks, machines and the network are as fast as they get. */
  isHealed: boolean;
  /** Told of every election; the adversary listens. */
  onElected: (position: number) => void;
}

const headerBytes = 4;

/** A command as it stands in the log: which operation it is, then the workload's bytes. */
export function wrapCommand(operation: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + payload.length);
  new DataView(bytes.buffer).setUint32(0, operation);
  bytes.set(payload, headerBytes);
  return bytes;
}

/** The position of the operation in the history, and the workload's bytes. */
export function unwrapCommand(bytes: Uint8Array): {
  readonly operation: number;
  readonly payload: Uint8Array;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { operation: view.getUint32(0), payload: bytes.subarray(headerBytes) };
}
