/** How a node begins, before its journal is read. */
import type { Replica } from "../data/replica.ts";
import type { EventualOptions } from "./door.ts";
import type { Random } from "./random.ts";
import { RecentRecords } from "./recent-records.ts";
import type { EventualState } from "./state.ts";

export function initialState(
  options: EventualOptions,
  random: Random,
  replica: Replica,
): EventualState {
  const { id } = options.cluster;
  return {
    options,
    replica,
    random,
    logs: new Map(),
    recent: new RecentRecords(),
    boot: 0,
    bootWrite: 0,
    nonce: 0,
    cluster: { id, provisional: true, placed: false },
    phase: { kind: "minting", why: "" },
    tick: 0,
    wallMs: 0,
    queue: [],
    ownBytes: 0,
    facts: [],
    incoming: [],
    incomingBytes: 0,
    staged: new Map(),
    pendingKeys: new Map(),
    writing: null,
    lastWrite: 0,
    held: [],
    peers: new Map(),
    exchanges: new Map(),
    lastExchange: 0,
    nextAntiEntropyTick: options.timing.antiEntropyTicks,
    syncRound: 0,
    synced: [],
    transferIn: null,
    snapshotFrom: null,
    staging: null,
    transfersOut: new Map(),
    boots: new Map(),
    retainedBytes: 0,
    promisedBefore: 0,
    closedBefore: 0,
    promisedVector: 0,
    nextPromiseTick: 0,
    promiseWaitTicks: options.timing.promiseTicks,
    announcing: false,
    placing: null,
    ready: false,
    leaving: null,
    removed: false,
    mustStop: false,
    changes: null,
    messages: [],
    outcomes: [],
    notes: [],
  };
}
