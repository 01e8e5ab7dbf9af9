/** What the parts of one run of eventual mode share. */
import type {
  CounterName,
  CounterView,
  EventualOptions,
  EventualStatus,
  Input,
  Message,
  NodeId,
  Position,
  Ready,
  VersionVector,
  WriterId,
} from "@counter/eventual";
import type { Tally } from "../coverage.ts";
import type { EventHeap } from "../event-heap.ts";
import type { Trace } from "../trace.ts";
import type { Agreement } from "./agreement.ts";
import type { EventualCorner } from "./corners.ts";
import type { Exchanges } from "./exchanges.ts";
import type { EventualKnobs } from "./knobs.ts";
import type { SimNode } from "./node.ts";
import type { Truth } from "./truth.ts";

/** What the simulation needs of a core; `EventualCore` and its mutants have it. */
export interface SimCore {
  load(entry: Uint8Array): void;
  start(): void;
  step(input: Input): void;
  ready(): Ready | null;
  status(): EventualStatus;
  value(counter: CounterName): bigint;
  look(counter: CounterName): CounterView;
  counters(): Iterable<readonly [CounterName, bigint]>;
  position(writer: WriterId): Position;
  vector(): VersionVector;
  shown(): VersionVector;
  checkpoint(): Iterable<Uint8Array>;
}

export type SimCoreFactory = (options: EventualOptions) => SimCore;

export interface EventualWorld {
  readonly heap: EventHeap;
  readonly trace: Trace;
  readonly coverage: Tally<EventualCorner>;
  readonly knobs: EventualKnobs;
  readonly factory: SimCoreFactory;
  readonly truth: Truth;
  readonly agreement: Agreement;
  /** Nodes that were removed, or whose directory is no more. */
  readonly goneIds: Set<NodeId>;
  /** Nodes that were asked to leave in good order: everything they wrote must stay. */
  readonly leaverIds: Set<NodeId>;
  /** By position; some of them have not started yet, or never will. */
  readonly nodes: SimNode[];
  /** There is no room for more nodes. */
  readonly seatsMax: number;
  readonly exchanges: Exchanges;
  /** Records in all messages that were sent. */
  recordCopies: number;
  /** Disks that went back, so far: what only they held is gone, and may be written anew, otherwise. */
  rollbacks: number;
  /** The faults are over: disks and the network are as fast as they get. */
  isHealed: boolean;
}

/** A message and whoever sent it: a reply finds its way back to that process only. */
export interface Packet {
  readonly message: Message;
  /** Number of the process that made the request. */
  readonly asker: number;
  /** As the asker numbered the exchange. */
  readonly exchange: number;
}
