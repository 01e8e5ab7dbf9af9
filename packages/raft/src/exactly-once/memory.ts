/**
 * What is remembered of commands that were applied: the part of the replicated state that makes a
 * repetition harmless.
 *
 * O1  A command that is remembered is answered from memory and not applied; the same key or number
 *     with another command is refused.
 * O2  Nothing but the log decides: time is the highest stamp of all entries so far, limits stand in
 *     the entries, and how entries are grouped into calls makes no difference.
 * O3  A live key is never dropped to make room: a full memory refuses what it would have to remember.
 * O4  A session's command is remembered until its client acknowledges it. A number that was
 *     acknowledged is never applied again, nor is any number of a session that is gone.
 * O5  A key that says since when it is in use is not applied if anything was forgotten since.
 */
import { invariant } from "../core/invariant.ts";
import { refusedWith, sessionChanged } from "../node/answers.ts";
import type { Refused, SessionChanged } from "../node/answers.ts";
import type { KeyedOpened, Opened, SessionOpened } from "./envelope.ts";
import { ExpiringMap } from "./expiring-map.ts";
import type { Expiring } from "./expiring-map.ts";
import { fingerprintOf } from "./fingerprint.ts";
import * as limits from "./limits.ts";

/** An answer as it is remembered. */
export type KeptAnswer =
  | { readonly kind: "result"; readonly bytes: Uint8Array }
  | { readonly kind: "refused"; readonly reason: string }
  /** The command was applied; its answer was too large to keep. */
  | { readonly kind: "dropped" };

/** A command that is applied once. */
export interface Remembered {
  readonly fingerprint: string;
  /** `null` while the command is with the state machine. */
  answer: KeptAnswer | null;
}

export interface KeyRecord extends Remembered, Expiring {
  readonly key: string;
  /** Log time of the command. */
  readonly addedAt: number;
}

export interface SessionRecord extends Expiring {
  readonly id: number;
  readonly idleMs: number;
  ack: number;
  /** By number, in the order in which they were applied. */
  readonly answers: Map<number, Remembered>;
  /** What this session is counted with. */
  bytes: number;
}

/** What is to be done with an entry. */
export type Decision =
  | { readonly type: "answer"; readonly answer: Refused | SessionChanged }
  | { readonly type: "replay"; readonly kept: KeptAnswer }
  /** `place`: where the answer will be remembered, if it is. */
  | { readonly type: "apply"; readonly command: Uint8Array; readonly place: Place | null };

/** Where an answer belongs; it may be forgotten again before the answer is there. */
export type Place =
  | { readonly type: "key"; readonly record: KeyRecord }
  | {
      readonly type: "session";
      readonly session: SessionRecord;
      readonly seq: number;
      readonly record: Remembered;
    };

const keyReused = refusal("RAFT_KEY_REUSED", "another command had this key");
const keyExpired = refusal("RAFT_KEY_EXPIRED", "keys were forgotten since");
const sessionExpired = refusal("RAFT_SESSION_EXPIRED", "there is no such session");
const answersFull = refusal("RAFT_ANSWERS_FULL", "there is no room to remember the answer");
export const answerForgotten: Refused = refusedWith("RAFT_ANSWER_FORGOTTEN", "it is not kept");

function refusal(...how: Parameters<typeof refusedWith>): Decision {
  return { type: "answer", answer: refusedWith(...how) };
}

/** The numbers of a memory, apart from what is in its tables. */
export interface MemoryClock {
  logTimeMs: number;
  /** The latest log time at which a key was added that has been forgotten since; -1: none. */
  forgottenUpToMs: number;
}

export class Memory {
  readonly clock: MemoryClock;
  readonly keys: ExpiringMap<string, KeyRecord>;
  readonly sessions: ExpiringMap<number, SessionRecord>;
  #bytes = 0;
  /** Commands that are with the state machine, with places whose answers are not counted yet. */
  #open = 0;

  constructor(clock: MemoryClock, newest: { readonly key: number; readonly session: number }) {
    this.clock = clock;
    this.keys = new ExpiringMap<string, KeyRecord>((record) => {
      this.#bytes -= bytesOfKey(record);
      clock.forgottenUpToMs = Math.max(clock.forgottenUpToMs, record.addedAt); // O5
    }, newest.key);
    this.sessions = new ExpiringMap<number, SessionRecord>((session) => {
      this.#bytes -= session.bytes;
    }, newest.session);
  }

  /** What all records are counted with. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Whether open answers could make a difference to this entry. They must be settled before it is
   * decided, or how entries are grouped into calls would matter (O2).
   */
  mustSettleBefore(entry: Opened): boolean {
    if (this.#open === 0 || (entry.type !== "keyed" && entry.type !== "session")) return false;
    if (this.#bytes + this.#open * limits.answerMaxBytes >= entry.bytesMax) return true;
    const known =
      entry.type === "keyed"
        ? this.keys.peek(entry.key)
        : this.sessions.peek(entry.sessionId)?.answers.get(entry.seq);
    return known?.answer === null;
  }

  /** @param index - where the entry stands in the log */
  decide(entry: Opened, index: number): Decision {
    const { clock } = this;
    clock.logTimeMs = Math.max(clock.logTimeMs, entry.atMs); // O2
    this.keys.sweep(clock.logTimeMs, limits.sweepMax);
    this.sessions.sweep(clock.logTimeMs, limits.sweepMax);
    switch (entry.type) {
      case "plain":
        return { type: "apply", command: entry.command, place: null };
      case "keyed":
        return this.#decideKeyed(entry);
      case "session":
        return this.#decideInSession(entry);
      case "open":
        return this.#openSession(index, entry);
      case "close":
        this.sessions.remove(entry.sessionId);
        return { type: "answer", answer: sessionChanged };
    }
  }

  /** The state machine has answered. */
  settle(place: Place, answer: KeptAnswer): void {
    const { record } = place;
    this.#open -= 1;
    record.answer = answer;
    // It may have expired, or been acknowledged, by a later entry of the same call.
    if (place.type === "key") {
      if (this.keys.peek(place.record.key) === record) this.#bytes += bytesOfAnswer(answer);
      return;
    }
    const { session, seq } = place;
    if (session.answers.get(seq) === record) this.#count(session, bytesOfAnswer(answer));
  }

  /** Takes a record from a snapshot. */
  loadKey(record: KeyRecord): void {
    this.keys.load(record.key, record);
    this.#bytes += bytesOfKey(record);
  }

  loadSession(session: Omit<SessionRecord, "bytes">): void {
    let bytes = limits.sessionOverheadBytes;
    for (const record of session.answers.values()) bytes += bytesInSession(record);
    this.#bytes += bytes;
    this.sessions.load(session.id, { ...session, bytes });
  }

  #decideKeyed(entry: KeyedOpened): Decision {
    const { clock, keys } = this;
    const fingerprint = fingerprintOf(entry.command);
    const known = keys.find(entry.key, clock.logTimeMs);
    if (known !== null) return replayOf(known, fingerprint); // O1
    if (entry.sinceMs !== null && this.#isTooOld(entry.sinceMs)) return keyExpired;
    if (keys.size >= entry.keysMax || this.#bytes >= entry.bytesMax) return answersFull; // O3
    const addedAt = clock.logTimeMs;
    const record = { key: entry.key, fingerprint, addedAt, answer: null, expiresAt: 0 };
    keys.put(entry.key, record, addedAt + entry.windowMs);
    this.#bytes += bytesOfKey(record);
    this.#open += 1;
    return { type: "apply", command: entry.command, place: { type: "key", record } };
  }

  /** A key from the future was not read from this log: nothing is known about it (O5). */
  #isTooOld(sinceMs: number): boolean {
    return sinceMs <= this.clock.forgottenUpToMs || sinceMs > this.clock.logTimeMs;
  }

  #decideInSession({ sessionId, seq, ack, bytesMax, command }: SessionOpened): Decision {
    const { logTimeMs } = this.clock;
    const session = this.sessions.find(sessionId, logTimeMs);
    if (session === null) return sessionExpired; // O4
    this.sessions.put(sessionId, session, logTimeMs + session.idleMs);
    this.#acknowledge(session, ack);
    if (seq <= session.ack) return { type: "answer", answer: answerForgotten }; // O4
    const fingerprint = fingerprintOf(command);
    const known = session.answers.get(seq);
    if (known !== undefined) return replayOf(known, fingerprint); // O1
    if (this.#bytes >= bytesMax) return answersFull; // O3
    const record: Remembered = { fingerprint, answer: null };
    session.answers.set(seq, record);
    this.#count(session, limits.sessionAnswerOverheadBytes);
    this.#open += 1;
    return { type: "apply", command, place: { type: "session", session, seq, record } };
  }

  #acknowledge(session: SessionRecord, ack: number): void {
    if (ack <= session.ack) return;
    session.ack = ack;
    for (const [seq, record] of session.answers) {
      if (seq > ack) continue;
      session.answers.delete(seq);
      this.#count(session, -bytesInSession(record));
    }
  }

  #openSession(
    id: number,
    {
      sessionsMax,
      sessionIdleMs,
    }: { readonly sessionsMax: number; readonly sessionIdleMs: number },
  ): Decision {
    const { sessions, clock } = this;
    // One at a time, after a lower limit as well; each of them is told when it comes back.
    for (let gone = 0; sessions.size >= sessionsMax && gone < limits.sweepMax; gone += 1) {
      sessions.removeFirst();
    }
    const bytes = limits.sessionOverheadBytes;
    const session = { id, idleMs: sessionIdleMs, ack: 0, answers: new Map(), bytes, expiresAt: 0 };
    sessions.put(id, session, clock.logTimeMs + sessionIdleMs);
    this.#bytes += bytes;
    return { type: "answer", answer: sessionChanged };
  }

  #count(session: SessionRecord, bytes: number): void {
    session.bytes += bytes;
    if (this.sessions.peek(session.id) === session) this.#bytes += bytes;
  }
}

/** O1 */
function replayOf({ answer, ...known }: Remembered, fingerprint: string): Decision {
  if (known.fingerprint !== fingerprint) return keyReused;
  invariant(answer !== null, "an open answer is settled before it is asked for");
  return { type: "replay", kept: answer };
}

function bytesOfKey({ key, answer }: KeyRecord): number {
  return limits.keyOverheadBytes + key.length + bytesOfAnswer(answer);
}

function bytesInSession({ answer }: Remembered): number {
  return limits.sessionAnswerOverheadBytes + bytesOfAnswer(answer);
}

function bytesOfAnswer(answer: KeptAnswer | null): number {
  if (answer === null) return 0;
  switch (answer.kind) {
    case "result":
      return answer.bytes.length;
    case "refused":
      return answer.reason.length;
    case "dropped":
      return 0;
  }
}
