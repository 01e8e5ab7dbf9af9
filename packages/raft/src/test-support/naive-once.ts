/**
 * What exactlyOnce does, as its documentation says it, with lists that are searched from end to end,
 * one command at a time: too simple to be wrong in the same way as the real one.
 */
import {
  keyOverheadBytes,
  sessionAnswerOverheadBytes,
  sessionOverheadBytes,
} from "../exactly-once/limits.ts";
import type { EnvelopeContent, MemoryLimits } from "../index.ts";

interface Known {
  readonly command: string;
  /** A result, or `refused: …`. */
  readonly answer: string;
}

interface KnownKey extends Known {
  readonly key: string;
  readonly addedAt: number;
  readonly expiresAt: number;
}

interface KnownSession {
  readonly id: number;
  readonly idleMs: number;
  expiresAt: number;
  ack: number;
  answers: (Known & { readonly seq: number })[];
}

export class NaiveOnce {
  applied: string[] = [];
  logTimeMs = 0;
  forgotten: KnownKey[] = [];
  keys: KnownKey[] = [];
  /** The least recently used one first. */
  sessions: KnownSession[] = [];
  #latestKey = 0;
  #latestSession = 0;

  say(
    content: EnvelopeContent,
    at: { readonly atMs: number; readonly index: number; readonly limits: MemoryLimits },
  ): string {
    this.#passTime(at.atMs);
    switch (content.type) {
      case "plain":
        return this.#apply(content.command);
      case "keyed": {
        const command = content.command.join(".");
        const known = this.keys.find(({ key }) => key === content.key);
        if (known !== undefined)
          return known.command === command ? known.answer : "RAFT_KEY_REUSED";
        const since = content.sinceMs;
        if (since !== null && since > this.logTimeMs) return "RAFT_KEY_EXPIRED";
        if (since !== null && this.forgotten.some(({ addedAt }) => addedAt >= since))
          return "RAFT_KEY_EXPIRED";
        if (this.keys.length >= at.limits.keysMax || this.bytes >= at.limits.bytesMax)
          return "RAFT_ANSWERS_FULL";
        const answer = this.#apply(content.command);
        this.#latestKey = Math.max(this.#latestKey, this.logTimeMs + at.limits.windowMs);
        this.keys.push({
          key: content.key,
          command,
          answer,
          addedAt: this.logTimeMs,
          expiresAt: this.#latestKey,
        });
        return answer;
      }
      case "session":
        return this.#inSession(content, at.limits);
      case "open": {
        while (this.sessions.length >= at.limits.sessionsMax) this.sessions.shift();
        const session = {
          id: at.index,
          idleMs: at.limits.sessionIdleMs,
          expiresAt: 0,
          ack: 0,
          answers: [],
        };
        this.#use(session);
        return "session";
      }
      case "close":
        this.sessions = this.sessions.filter(({ id }) => id !== content.sessionId);
        return "session";
    }
  }

  get bytes(): number {
    const inKeys = this.keys.map(({ key, answer }) => keyOverheadBytes + key.length + size(answer));
    const inSessions = this.sessions.map(({ answers }) => {
      const each = answers.map(({ answer }) => sessionAnswerOverheadBytes + size(answer));
      return sum(each) + sessionOverheadBytes;
    });
    return sum(inKeys) + sum(inSessions);
  }

  #passTime(atMs: number): void {
    this.logTimeMs = Math.max(this.logTimeMs, atMs);
    this.forgotten.push(...this.keys.filter(({ expiresAt }) => expiresAt <= this.logTimeMs));
    this.keys = this.keys.filter(({ expiresAt }) => expiresAt > this.logTimeMs);
    this.sessions = this.sessions.filter(({ expiresAt }) => expiresAt > this.logTimeMs);
  }

  #inSession(content: Extract<EnvelopeContent, { type: "session" }>, limits: MemoryLimits): string {
    const session = this.sessions.find(({ id }) => id === content.sessionId);
    if (session === undefined) return "RAFT_SESSION_EXPIRED";
    this.#use(session);
    session.ack = Math.max(session.ack, content.ack);
    session.answers = session.answers.filter(({ seq }) => seq > session.ack);
    if (content.seq <= session.ack) return "RAFT_ANSWER_FORGOTTEN";
    const command = content.command.join(".");
    const known = session.answers.find(({ seq }) => seq === content.seq);
    if (known !== undefined) return known.command === command ? known.answer : "RAFT_KEY_REUSED";
    if (this.bytes >= limits.bytesMax) return "RAFT_ANSWERS_FULL";
    const answer = this.#apply(content.command);
    session.answers.push({ seq: content.seq, command, answer });
    return answer;
  }

  #use(session: KnownSession): void {
    this.sessions = [...this.sessions.filter((other) => other !== session), session];
    this.#latestSession = Math.max(this.#latestSession, this.logTimeMs + session.idleMs);
    session.expiresAt = this.#latestSession;
  }

  #apply(command: Uint8Array): string {
    if (command[0] === 13) return "refused: unlucky";
    const count = this.applied.push(command.join("."));
    return `${count}${"0".repeat((command[1] ?? 0) * 1024)}`;
  }
}

function size(answer: string): number {
  return answer.replace("refused: ", "").length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
