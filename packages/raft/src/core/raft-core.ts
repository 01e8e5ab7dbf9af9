/**
 * The door of the core: dispatch, and nothing else. `step` is the only way in, `ready` the only way
 * out; the rules are in the chapters beside this file.
 */
import type { Message } from "../messages.ts";
import type { Entry, Member, PersistedState, SnapshotMeta } from "../types.ts";
import { onAppendEntries, rejection } from "./appending.ts";
import type { Input, RaftCoreLike, RaftOptions, RaftStatus, Ready } from "./door.ts";
import { campaign, onRequestVote, onRequestVoteResponse, sticksToLeader } from "./election.ts";
import { imageOf, nothingPersisted, restoreImage } from "./image.ts";
import type { RaftImage } from "./image.ts";
import { invariant, unreachable } from "./invariant.ts";
import { entryBytes } from "./log.ts";
import {
  contactsOf,
  leaveWhenCommitted,
  onChangeMembership,
  resignWhenRemoved,
} from "./membership.ts";
import { checkRaftOptions } from "./options.ts";
import { canWrite, onPersisted, takeWrite } from "./persistence.ts";
import { propose } from "./proposing.ts";
import { beginReadRound, onRead, onReadIndexRequest, onReadIndexResponse } from "./reading.ts";
import {
  flush,
  onAppendEntriesResponse,
  onInstallSnapshotResponse,
  onUnreachable,
} from "./replication.ts";
import { sendOncePersisted } from "./sending.ts";
import {
  onInstallSnapshot,
  onSnapshotRead,
  onSnapshotSaved,
  snapshotMeta,
} from "./snapshotting.ts";
import { initialState, leaderOf, note } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";
import { statusOf } from "./status.ts";
import { tick } from "./ticking.ts";
import { continueTransfer, onTimeoutNow, startTransfer } from "./transfer.ts";
import { becomeFollower, stepAside } from "./transitions.ts";

const none: readonly never[] = [];

export class RaftCore implements RaftCoreLike {
  readonly #s: RaftState;

  /**
   * @param persisted - what the disk holds; for a new cluster what `bootstrap` made, stored first
   * @throws {RangeError} on options out of range
   * @throws {InvariantError} on a stored state that no server can have written
   */
  constructor(options: RaftOptions, persisted: PersistedState) {
    checkRaftOptions(options);
    this.#s = initialState(options, persisted);
  }

  /** Goes on from an image, which can be used again. @throws {RangeError} on options out of range */
  static fromImage(options: RaftOptions, image: RaftImage): RaftCore {
    const core = new RaftCore(options, nothingPersisted);
    restoreImage(core.#s, image);
    return core;
  }

  step(input: Input): void {
    const s = this.#s;
    switch (input.type) {
      case "tick":
        return tick(s, input.nowMs ?? null);
      case "receive":
        return receive(s, input.message);
      case "propose":
        return propose(s, input.context, input.commands);
      case "read":
        return onRead(s, input.context, input.leaseNowMs ?? null);
      case "persisted":
        return onPersisted(s, input.write);
      case "applied":
        return applied(s, input.index);
      case "campaign":
        return campaign(s);
      case "transfer":
        return s.role.kind === "leader" ? startTransfer(s, s.role, input.to) : undefined;
      case "changeMembership":
        return onChangeMembership(s, input);
      case "stepDown":
        return s.role.kind === "leader" ? stepAside(s, "asked to step down") : undefined;
      case "snapshotSaved":
        return onSnapshotSaved(s, input.snapshot, input.retainEntries);
      case "snapshotRead":
        return s.role.kind === "leader" ? onSnapshotRead(s, s.role, input) : undefined;
      case "unreachable":
        return s.role.kind === "leader" ? onUnreachable(s.role, input.peer) : undefined;
      default:
        return unreachable(input);
    }
  }

  hasReady(): boolean {
    const s = this.#s;
    return (
      s.flushNeeded ||
      s.messages.length > 0 ||
      mayHandOut(s) ||
      s.outcomes.length > 0 ||
      s.notes.length > 0 ||
      s.snapshotReads.length > 0 ||
      s.restore !== null ||
      s.compactThrough !== null ||
      s.contactsChanged ||
      canWrite(s)
    );
  }

  ready(): Ready {
    const s = this.#s;
    if (s.role.kind === "leader" && s.flushNeeded) flushAsLeader(s, s.role);
    const contacts = takeContacts(s);
    // After what it says, and to whom, was settled: it still tells the others that they were removed.
    if (s.role.kind === "leader") resignWhenRemoved(s, s.role);
    const { restore, compactThrough } = s;
    // What was handed out is not added to later, and what is empty costs nothing.
    const messages = s.messages.length === 0 ? none : s.messages;
    const outcomes = s.outcomes.length === 0 ? none : s.outcomes;
    const notes = s.notes.length === 0 ? none : s.notes;
    const snapshotReads = s.snapshotReads.length === 0 ? none : s.snapshotReads;
    if (messages !== none) s.messages = [];
    if (outcomes !== none) s.outcomes = [];
    if (notes !== none) s.notes = [];
    if (snapshotReads !== none) s.snapshotReads = [];
    s.restore = null;
    s.compactThrough = null;
    const committed = takeCommitted(s);
    const write = takeWrite(s);
    return {
      write,
      messages,
      restore,
      committed,
      outcomes,
      snapshotReads,
      compactThrough,
      contacts,
      notes,
    };
  }

  status(): RaftStatus {
    return statusOf(this.#s);
  }

  snapshotMeta(): SnapshotMeta | null {
    return snapshotMeta(this.#s);
  }

  /** Everything this core knows, now: may be taken at any time, also between inputs and a Ready. */
  image(): RaftImage {
    return imageOf(this.#s);
  }
}

/** Sends what has gathered, and does what a leader does by itself. */
function flushAsLeader(s: RaftState, role: LeaderRole): void {
  leaveWhenCommitted(s, role);
  beginReadRound(s, role);
  flush(s, role);
  continueTransfer(s, role);
}

function takeContacts(s: RaftState): readonly Member[] | null {
  if (!s.contactsChanged) return null;
  s.contactsChanged = false;
  return contactsOf(s);
}

/** Compares terms (§5.1), then hands the message to its chapter. */
function receive(s: RaftState, m: Message): void {
  if (m.to !== s.id) return note(s, { type: "dropped", message: m, why: "not for this server" });
  if (m.term > s.term && !mayRaiseTerm(s, m)) return;
  if (m.term < s.term && isAnsweredByTerm(s, m)) return;
  switch (m.type) {
    case "requestVote":
      return onRequestVote(s, m);
    case "requestVoteResponse":
      return onRequestVoteResponse(s, m);
    case "appendEntries":
      followLeader(s, m);
      return onAppendEntries(s, m);
    case "installSnapshot":
      followLeader(s, m);
      return onInstallSnapshot(s, m);
    case "appendEntriesResponse":
      return s.role.kind === "leader" ? onAppendEntriesResponse(s, s.role, m) : undefined;
    case "installSnapshotResponse":
      return s.role.kind === "leader" ? onInstallSnapshotResponse(s, s.role, m) : undefined;
    case "readIndexRequest":
      return onReadIndexRequest(s, m);
    case "readIndexResponse":
      return onReadIndexResponse(s, m);
    case "timeoutNow":
      return onTimeoutNow(s, m);
    default:
      return unreachable(m);
  }
}

/** A newer term: follow it, unless it is only asked about. Answers whether to go on. */
function mayRaiseTerm(s: RaftState, m: Message): boolean {
  if (m.type === "requestVote") {
    if (!m.transfer && sticksToLeader(s)) {
      const why = leaderOf(s) === null ? "a lease may run" : "our leader is alive";
      note(s, { type: "dropped", message: m, why }); // E3, V2
      return false;
    }
    if (m.preVote) return true; // E5
  }
  if (m.type === "requestVoteResponse" && m.preVote && m.granted) return true;
  const leads = m.type === "appendEntries" || m.type === "installSnapshot";
  becomeFollower(s, { term: m.term, leaderId: leads ? m.from : null, why: "a newer term" });
  return true;
}

/**
 * An older term. Who leads or campaigns in it must learn ours, or it would go on for ever; answers
 * of an older term are void. Reads are asked of whoever leads, in whatever term.
 */
function isAnsweredByTerm(s: RaftState, m: Message): boolean {
  const { from: to, term } = m;
  switch (m.type) {
    case "appendEntries":
      sendOncePersisted(s, rejection(s, m, { index: 0, term: 0 }));
      return true;
    case "installSnapshot": {
      const { index } = m.chunk.snapshot;
      const answer = { index, nextOffset: 0, installed: false, readRound: 0 };
      const envelope = { type: "installSnapshotResponse", from: s.id, to, term: s.term } as const;
      sendOncePersisted(s, { ...envelope, ...answer });
      return true;
    }
    case "requestVote": {
      const envelope = { type: "requestVoteResponse", from: s.id, to, term: s.term } as const;
      sendOncePersisted(s, { ...envelope, preVote: m.preVote, granted: false });
      return true;
    }
    case "readIndexRequest":
      return false;
    default:
      note(s, { type: "dropped", message: m, why: `term ${term} is over` });
      return true;
  }
}

/** A message that only the leader of our term sends. */
function followLeader(s: RaftState, { from, term }: Message): void {
  invariant(s.role.kind !== "leader", "a term has one leader");
  s.electionElapsedTicks = 0;
  s.leaderContactTicks = 0;
  if (leaderOf(s) !== from) {
    becomeFollower(s, { term, leaderId: from, why: "heard from the leader" });
  }
}

/** A state machine that is slow must not make the queue in front of it grow. */
function mayHandOut(s: RaftState): boolean {
  if (s.commitIndex <= s.handedIndex) return false;
  if (s.applying.messages === 0) return true;
  const next = entryBytes(s.log.entryAt(s.handedIndex + 1));
  return s.applying.bytes + next <= s.options.committedMaxBytes;
}

/** What the host may apply next: within `committedMaxBytes`, but at least one entry. */
function takeCommitted(s: RaftState): readonly Entry[] {
  if (!mayHandOut(s)) return none;
  const committed = s.log.slice(s.handedIndex + 1, {
    through: s.commitIndex,
    maxEntries: Infinity,
    maxBytes: s.options.committedMaxBytes - s.applying.bytes,
  });
  s.handedIndex += committed.length;
  let bytes = 0;
  for (const entry of committed) bytes += entryBytes(entry);
  s.applying.add(s.handedIndex, bytes);
  return committed;
}

function applied(s: RaftState, index: number): void {
  invariant(index <= s.handedIndex, "only what was handed out is applied");
  if (index <= s.appliedIndex) return;
  if (s.role.kind === "leader") {
    for (let at = Math.max(s.appliedIndex, s.log.base.index) + 1; at <= index; at += 1) {
      s.role.unappliedBytes -= entryBytes(s.log.entryAt(at));
    }
  }
  s.appliedIndex = index;
  s.applying.freeThrough(index);
}
