/**
 * The one record that a core is. Everything that decides is in here, so that the same record and
 * the same inputs always give the same outputs.
 */
import type { Message } from "../messages.ts";
import type {
  HardState,
  LogIndex,
  NodeId,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
  Term,
  WriteId,
} from "../types.ts";
import { ConfigurationHistory, emptyConfiguration, isMember } from "./configuration.ts";
import type { PlacedConfiguration } from "./configuration.ts";
import type { Note, Outcome, RaftOptions, SnapshotReadRequest } from "./door.ts";
import { invariant } from "./invariant.ts";
import { RaftLog } from "./log.ts";
import { InflightWindow } from "./progress.ts";
import type { Progress } from "./progress.ts";
import type { RandomState } from "./random.ts";

export interface FollowerRole {
  readonly kind: "follower";
  leaderId: NodeId | null;
}

export interface CampaignRole {
  readonly kind: "preCandidate" | "candidate";
  /** One vote a voter, however many messages it sends. */
  readonly votes: Map<NodeId, boolean>;
}

/** A read that waits at the leader; `from` is the follower that asked, `null` for our own host. */
export interface WaitingRead {
  readonly context: number;
  readonly from: NodeId | null;
}

/** Reads that one round of messages confirms together. */
export interface ReadBatch {
  readonly round: number;
  readonly index: LogIndex;
  readonly reads: readonly WaitingRead[];
}

/** Leadership that is being handed over. */
export interface Transfer {
  readonly to: NodeId;
  ticksLeft: number;
  /** The target was told to campaign. */
  told: boolean;
}

/** When the rounds from `round` on were begun, or a little earlier. */
export interface Beat {
  readonly round: number;
  readonly sentMs: number;
}

export interface LeaderRole {
  readonly kind: "leader";
  transfer: Transfer | null;
  readonly progress: Map<NodeId, Progress>;
  /** The values of `progress`: iterated on every flush. */
  readonly peers: Progress[];
  /** Whether we are a voter of the configuration in force: a leader that is removed is not. */
  votes: boolean;
  /** Bytes of entries that were appended and are not applied. */
  unappliedBytes: number;
  /** Room to sort in: quorums are counted for every answer. */
  readonly scratch: number[];
  readRound: number;
  /** Reads that no round has been started for yet. */
  newReads: WaitingRead[];
  readonly confirming: ReadBatch[];
  waitingReads: number;
  /** Heartbeats whose answers make a lease, oldest first (V1). */
  readonly beats: Beat[];
  /** V3 */
  leaseVoid: boolean;
}

export type Role = FollowerRole | CampaignRole | LeaderRole;

/** A write that the host works on. */
export interface InflightWrite {
  readonly id: WriteId;
  /** The last entry it makes durable; lowered when that entry is truncated meanwhile. */
  lastIndex: LogIndex;
  readonly chunk: SnapshotChunk | null;
}

/** A message that vouches for the disk and waits for it. */
export interface WaitingMessage {
  readonly after: WriteId;
  /** A newer answer to the same question may take its place. */
  message: Message;
}

/** A snapshot that arrives in chunks. */
export interface ReceivingSnapshot {
  readonly from: NodeId;
  readonly term: Term;
  readonly snapshot: SnapshotMeta;
  nextOffset: number;
  /** The last chunk has arrived and waits for the disk: the log must not change until then. */
  complete: boolean;
}

/** A read that was sent on to the leader. */
export interface ForwardedRead {
  readonly context: number;
  ticksLeft: number;
}

export interface RaftState extends RandomState {
  readonly options: RaftOptions;
  readonly id: NodeId;

  term: Term;
  vote: NodeId | null;
  role: Role;
  readonly log: RaftLog;
  readonly configurations: ConfigurationHistory;
  snapshot: SnapshotMeta | null;
  /** Members of the configuration in force or of one that we may fall back to have changed. */
  contactsChanged: boolean;
  /** The newest committed configuration does not name us, and an earlier one did. */
  removed: boolean;

  commitIndex: LogIndex;
  /** Handed to the host as committed. */
  handedIndex: LogIndex;
  /** Reported as applied by the host. */
  appliedIndex: LogIndex;
  /** What was handed out and is not applied. */
  readonly applying: InflightWindow;

  /** Our log is durable up to here. */
  persistedIndex: LogIndex;
  /** The first entry that no write contains yet. */
  unwrittenFrom: LogIndex;
  /** The hard state in the newest write. */
  writtenHardState: HardState;
  nextWriteId: WriteId;
  readonly inflightWrites: InflightWrite[];
  readonly waiting: WaitingMessage[];
  chunkToWrite: SnapshotChunk | null;
  receiving: ReceivingSnapshot | null;
  /** Ticks since the oldest write in flight was handed out. */
  diskWaitTicks: number;

  /** The time of the last tick, if ticks tell it. */
  nowMs: number | null;
  /** Since a leader of our term was heard of, or since the start (V2). */
  leaderContactTicks: number;
  electionElapsedTicks: number;
  heartbeatElapsedTicks: number;
  randomizedTimeoutTicks: number;

  readonly forwardedReads: Map<number, ForwardedRead>;
  /** Ids of forwarded reads differ from those of every other start, as far as seeds do. */
  readonly forwardedReadBase: number;
  forwardedReadCount: number;

  /** A leader may have something to send. */
  flushNeeded: boolean;
  messages: Message[];
  outcomes: Outcome[];
  notes: Note[];
  snapshotReads: SnapshotReadRequest[];
  /** Bytes of snapshots that a leader may send until the next heartbeat; below 0 it is a debt. */
  snapshotBytesLeft: number;
  /** Counts up; who queues up for a chunk takes a number. */
  snapshotTurns: number;
  restore: SnapshotMeta | null;
  compactThrough: LogIndex | null;
}

/** Ids of forwarded reads before they come round again; far more than can wait. */
export const forwardedReadIds: number = 2 ** 21;

/** The record of a server that starts from what its disk holds. */
export function initialState(options: RaftOptions, persisted: PersistedState): RaftState {
  const { hardState, snapshot } = persisted;
  const log = logFrom(persisted);
  const configurations = configurationsFrom(persisted);
  const snapshotIndex = snapshot?.index ?? 0;
  invariant(log.lastIndex >= snapshotIndex, "a stored log reaches its snapshot");
  invariant(hardState.commitIndex <= log.lastIndex, "a stored log reaches its commit index");
  const commitIndex = Math.max(hardState.commitIndex, snapshotIndex);
  const committed = configurations.at(commitIndex).configuration;
  return {
    options,
    id: options.id,
    random: options.seed | 0,
    term: hardState.term,
    vote: hardState.vote,
    role: { kind: "follower", leaderId: null },
    log,
    configurations,
    snapshot,
    contactsChanged: true,
    removed: configurations.named(options.id, commitIndex) && !isMember(committed, options.id),
    commitIndex,
    handedIndex: snapshotIndex,
    appliedIndex: 0,
    applying: new InflightWindow(),
    persistedIndex: log.lastIndex,
    unwrittenFrom: log.lastIndex + 1,
    writtenHardState: hardState,
    nextWriteId: 1,
    inflightWrites: [],
    waiting: [],
    chunkToWrite: null,
    receiving: null,
    diskWaitTicks: 0,
    nowMs: null,
    leaderContactTicks: 0,
    electionElapsedTicks: 0,
    heartbeatElapsedTicks: 0,
    randomizedTimeoutTicks: 0,
    forwardedReads: new Map(),
    forwardedReadBase: (options.seed >>> 0) * forwardedReadIds,
    forwardedReadCount: 0,
    flushNeeded: false,
    messages: [],
    outcomes: [],
    notes: [],
    snapshotReads: [],
    snapshotBytesLeft: options.snapshotBytesPerTick * options.heartbeatTicks,
    snapshotTurns: 0,
    restore: snapshot,
    compactThrough: null,
  };
}

/** Entries behind the snapshot may be stored as well: then the log reaches further back. */
function logFrom({ snapshot, entries }: PersistedState): RaftLog {
  const first = entries[0];
  const base = snapshot ?? { index: 0, term: 0 };
  if (first === undefined || first.index > base.index) return new RaftLog(base, entries);
  const log = new RaftLog(first, entries.slice(1));
  invariant(log.termAt(base.index) === base.term, "a stored log agrees with its snapshot");
  return log;
}

function configurationsFrom({ snapshot, entries }: PersistedState): ConfigurationHistory {
  const first: PlacedConfiguration = {
    index: snapshot?.configurationIndex ?? 0,
    configuration: snapshot?.configuration ?? emptyConfiguration,
  };
  const configurations = new ConfigurationHistory(first);
  for (const entry of entries) {
    if (entry.index > (snapshot?.index ?? 0)) configurations.append(entry);
  }
  return configurations;
}

/** Whom this server takes for the leader of its term. */
export function leaderOf(s: RaftState): NodeId | null {
  if (s.role.kind === "leader") return s.id;
  return s.role.kind === "follower" ? s.role.leaderId : null;
}

/** The first one, entry 1, is where a cluster begins: no change, and no news. */
export function noteConfiguration(
  s: RaftState,
  { index, configuration }: PlacedConfiguration,
  committed: boolean,
): void {
  if (index > 1) note(s, { type: "configuration", index, configuration, committed });
}

/** Another configuration is in force now (C1). */
export function onConfigurationMoved(s: RaftState): void {
  const { index, configuration } = s.configurations.current;
  const committed = index <= s.commitIndex;
  s.contactsChanged = true;
  noteConfiguration(s, { index, configuration }, committed);
}

export function note(s: RaftState, fact: Note): void {
  s.notes.push(fact);
}
