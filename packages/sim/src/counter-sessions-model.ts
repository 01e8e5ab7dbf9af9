/** What sessions should do, as simply as it can be said: a part of `counter-operations-model.ts`. */
import type { SessionOperation } from "@counter/state-machine";

interface Session {
  readonly idleMs: number;
  endsAt: number;
  ack: number;
  readonly answers: Map<number, string>;
}

export class CounterSessionsModel {
  readonly #sessions = new Map<number, Session>();
  #opened = 0;

  /** @param done - what becomes of the operations if they are done now */
  apply(operation: SessionOperation, now: number, done: () => string): string {
    for (const [id, { endsAt }] of this.#sessions) if (endsAt <= now) this.#sessions.delete(id);
    switch (operation.type) {
      case "openSession": {
        const { idleMs, sessionsMax } = operation;
        if (this.#sessions.size >= sessionsMax) return "too-many-sessions - r-";
        this.#opened += 1;
        const session = { idleMs, endsAt: now + idleMs, ack: 0, answers: new Map() };
        this.#sessions.set(this.#opened, session);
        return `session ${this.#opened}`;
      }
      case "closeSession":
        this.#sessions.delete(operation.session);
        return `session ${operation.session}`;
      case "inSession": {
        const { session: id, seq, ack } = operation.step;
        const session = this.#sessions.get(id);
        if (session === undefined) return "session-unknown - r-";
        session.endsAt = now + session.idleMs;
        session.ack = Math.max(session.ack, ack);
        if (seq <= session.ack) return "number-acknowledged - r-";
        const answer = session.answers.get(seq) ?? done();
        session.answers.set(seq, answer);
        return answer;
      }
    }
  }
}
