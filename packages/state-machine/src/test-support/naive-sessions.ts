/** Sessions as their documentation says it: a list that is searched from end to end. */
import type {
  CloseSessionOperation,
  InSessionOperation,
  OpenSessionOperation,
  SessionOwner,
} from "../operations.ts";
import type {
  OperationRefused,
  RefusalCode,
  SessionAnswer,
  SessionChanged,
  SingleResult,
} from "../results.ts";
import { refused } from "./naive-counters.ts";

interface ModelSession {
  readonly id: number;
  readonly owner: string;
  readonly idleMs: number;
  endsAt: number;
  ack: number;
  answers: {
    readonly seq: number;
    readonly fingerprint: string;
    readonly answer: SessionAnswer | OperationRefused;
  }[];
}

/** What speaks of the moment, and is not kept. */
const passing: readonly RefusalCode[] = ["too-many-counters", "too-many-results"];

export class NaiveSessions {
  list: ModelSession[] = [];
  #opened = 0;

  get results(): number {
    const answers = this.list.flatMap((session) => session.answers);
    return answers.reduce((sum, { answer }) => {
      return sum + (answer.status === "refused" ? 1 : answer.results.length);
    }, 0);
  }

  end(logTimeMs: number): void {
    this.list = this.list.filter(({ endsAt }) => endsAt > logTimeMs);
  }

  open(
    { owner, idleMs, sessionsMax }: OpenSessionOperation,
    logTimeMs: number,
  ): SessionChanged | OperationRefused {
    if (this.list.length >= sessionsMax) return refused("too-many-sessions");
    this.#opened += 1;
    const id = this.#opened;
    const endsAt = logTimeMs + idleMs;
    this.list.push({ id, owner: nameOf(owner), idleMs, endsAt, ack: 0, answers: [] });
    return { status: "session", session: id };
  }

  close({ session, owner }: CloseSessionOperation): SessionChanged {
    this.list = this.list.filter(({ id, owner: own }) => id !== session || own !== nameOf(owner));
    return { status: "session", session };
  }

  /** @param done - what becomes of the operations if they are done now */
  answer(
    { step, operations }: InSessionOperation,
    at: { readonly logTimeMs: number; readonly keysMax: number },
    done: () => readonly SingleResult[] | OperationRefused,
  ): SessionAnswer | OperationRefused {
    const { session, owner, seq, ack, fingerprint: print } = step;
    const found = this.list.find(({ id, owner: own }) => id === session && own === nameOf(owner));
    if (found === undefined) return refused("session-unknown");
    found.endsAt = at.logTimeMs + found.idleMs;
    found.ack = Math.max(found.ack, ack);
    found.answers = found.answers.filter((each) => each.seq > found.ack);
    if (seq <= found.ack) return refused("number-acknowledged");
    const fingerprint = print.join();
    const known = found.answers.find((each) => each.seq === seq);
    if (known !== undefined) {
      return known.fingerprint === fingerprint ? again(known.answer) : refused("number-reused");
    }
    if (this.results + operations.length > at.keysMax) return refused("too-many-results");
    const results = done();
    const answer: SessionAnswer | OperationRefused =
      "status" in results ? results : { status: "answer", replayed: false, results };
    const lasting = answer.status === "refused" ? [answer] : answer.results;
    if (lasting.some((one) => one.status === "ok" || !passing.includes(one.code))) {
      found.answers.push({ seq, fingerprint, answer });
    }
    return answer;
  }
}

function again(answer: SessionAnswer | OperationRefused): SessionAnswer | OperationRefused {
  if (answer.status === "refused") return { ...answer, replayed: true };
  const results = answer.results.map((result) => ({ ...result, replayed: true }));
  return { ...answer, replayed: true, results };
}

function nameOf(owner: SessionOwner): string {
  return owner === null ? "" : owner.join();
}
