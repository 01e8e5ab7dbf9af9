/**
 * Doing what a client asks for in its session: once, and without a window.
 *
 * N4  A number that was answered is answered again, and nothing is done. With another fingerprint
 *     it is refused.
 * N5  A number that the client has acknowledged is never done, however late a copy of it arrives; nor
 *     is anything in a session that has ended. Nobody can say any more what such a copy stood for.
 * N6  What is kept is an answer for good, as with keys (M3). Of operations that are not all done or
 *     none, the answers are kept together, if one of them is for good.
 */
import { performAll } from "./answering.ts";
import { latin1 } from "./bytes.ts";
import { CounterDraft } from "./counter-draft.ts";
import { perform } from "./counter-rules.ts";
import type { CounterTable } from "./counter-table.ts";
import type { Moment } from "./counter-writing.ts";
import type {
  CloseSessionOperation,
  CounterOperation,
  InSessionOperation,
  OpenSessionOperation,
  Operation,
  SessionOperation,
  SessionOwner,
} from "./operations.ts";
import * as refusals from "./refusals.ts";
import type { OperationRefused, SessionAnswer, SessionChanged, SingleResult } from "./results.ts";
import { resultsOf, type KeptAnswer, type SessionTable } from "./session-table.ts";

/** When something is done, and what its command says of answers. */
export interface SessionMoment extends Moment {
  readonly keysMax: number;
}

interface Tables {
  readonly counters: CounterTable;
  readonly sessions: SessionTable;
}

export function isOfSession(operation: Operation): operation is SessionOperation {
  const { type } = operation;
  return type === "inSession" || type === "openSession" || type === "closeSession";
}

export function performSession(
  tables: Tables,
  operation: SessionOperation,
  at: SessionMoment,
): SessionChanged | SessionAnswer | OperationRefused {
  switch (operation.type) {
    case "openSession":
      return open(tables.sessions, operation, at);
    case "closeSession":
      return close(tables.sessions, operation, at);
    case "inSession":
      return answer(tables, operation, at);
  }
}

function open(
  sessions: SessionTable,
  { owner, idleMs, sessionsMax }: OpenSessionOperation,
  { logTimeMs }: Moment,
): SessionChanged | OperationRefused {
  if (sessions.size >= sessionsMax) return refusals.tooManySessions;
  return { status: "session", session: sessions.open(ownerText(owner), idleMs, logTimeMs) };
}

function close(
  sessions: SessionTable,
  { session, owner }: CloseSessionOperation,
  { logTimeMs }: Moment,
): SessionChanged {
  const found = sessions.find(session, ownerText(owner), logTimeMs);
  if (found !== null) sessions.remove(found);
  return { status: "session", session };
}

function answer(
  { counters, sessions }: Tables,
  operation: InSessionOperation,
  at: SessionMoment,
): SessionAnswer | OperationRefused {
  const { step } = operation;
  const found = sessions.find(step.session, ownerText(step.owner), at.logTimeMs);
  if (found === null) return refusals.sessionUnknown; // N5
  const ack = Math.max(found.ack, step.ack);
  const kept = found.answers.filter(({ seq }) => seq > ack); // N3
  if (step.seq <= ack) {
    sessions.use(found, { ack, answers: kept }, at.logTimeMs);
    return refusals.numberAcknowledged; // N5
  }
  const fingerprint = latin1(step.fingerprint);
  const known = kept.find(({ seq }) => seq === step.seq);
  const done = known === undefined ? doNow(counters, operation, at, roomIn(sessions)) : null;
  const answers =
    done === null || !isKept(done)
      ? kept
      : inOrder(kept, { seq: step.seq, fingerprint, ...keptOf(done) });
  sessions.use(found, { ack, answers }, at.logTimeMs);
  if (done !== null) return done;
  return known?.fingerprint === fingerprint ? replayed(known) : refusals.numberReused; // N4

  /** The session's own room is what is left when its acknowledged answers are gone. */
  function roomIn({ results }: SessionTable): number {
    return at.keysMax - results + resultsOf(found!.answers) - resultsOf(kept);
  }
}

function doNow(
  counters: CounterTable,
  { atomic, operations }: InSessionOperation,
  at: Moment,
  room: number,
): SessionAnswer | OperationRefused {
  if (operations.length > room) return refusals.tooManyResults;
  if (!atomic) {
    return { status: "answer", replayed: false, results: performEach(counters, operations, at) };
  }
  const draft = new CounterDraft(counters);
  const group = performAll(draft, operations, at);
  if (group.status === "refused") return group;
  draft.commit();
  return { status: "answer", replayed: false, results: group.results };
}

function performEach(
  counters: CounterTable,
  operations: readonly CounterOperation[],
  at: Moment,
): readonly SingleResult[] {
  let { revision } = at;
  return operations.map((operation) => {
    const result = perform(counters, operation, { ...at, revision });
    if (result.status === "ok") revision = Math.max(revision, result.revision);
    return result;
  });
}

/** N6 */
function isKept(done: SessionAnswer | OperationRefused): boolean {
  if (done.status === "refused") return refusals.isForGood(done);
  return done.results.some((each) => each.status === "ok" || refusals.isForGood(each));
}

function keptOf(done: SessionAnswer | OperationRefused): Pick<KeptAnswer, "refusal" | "results"> {
  if (done.status === "refused") return { refusal: done, results: [] };
  return { refusal: null, results: done.results };
}

function replayed({ refusal, results }: KeptAnswer): SessionAnswer | OperationRefused {
  if (refusal !== null) return { ...refusal, replayed: true };
  return {
    status: "answer",
    replayed: true,
    results: results.map((result) => ({ ...result, replayed: true })),
  };
}

/** Most often the new one is the highest; copies of earlier ones may come after it. */
function inOrder(kept: readonly KeptAnswer[], added: KeptAnswer): readonly KeptAnswer[] {
  const place = kept.findLastIndex(({ seq }) => seq < added.seq) + 1;
  return [...kept.slice(0, place), added, ...kept.slice(place)];
}

function ownerText(owner: SessionOwner): string {
  return owner === null ? "" : latin1(owner);
}
