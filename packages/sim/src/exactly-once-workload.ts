/**
 * A counter that knows no keys, under `exactlyOnce` of `@counter/raft`: clients that retry with keys
 * and in sessions, sessions that expire because there are too many of them or because they are not
 * used, and time that jumps. Whatever was applied twice moves a counter by a step that nobody made.
 */
import { exactlyOnce, isRefused, isSessionChanged, refusedCode } from "@counter/raft";
import type {
  Answer,
  CommittedCommand,
  EnvelopeContent,
  ExactlyOnceMachine,
  StateMachine,
} from "@counter/raft";
import { inPieces, joined } from "./counter-machine-workload.ts";
import {
  KeyedCounter,
  commandOperation,
  decodeText,
  drawCounterOperation,
  encodeText,
  judgeCounters,
  queryOperation,
} from "./counter-workload.ts";
import type { DrawnOperation } from "./counter-workload.ts";
import type { ClientPosition, Operation, SimStateMachine, SimWorkload } from "./machine.ts";
import type { Random } from "./random.ts";

/** `exactlyOnce`, or the same without one of its rules. */
type Wrap = typeof exactlyOnce;

/** Fewer sessions than clients, and idle times that pass; keys outlive every run. */
const limits = { sessionsMax: 3, sessionIdleMs: 1500, windowMs: 1_000_000_000, keysMax: 1_000_000 };

const openText = "open session";
const forgotten: ReadonlySet<string> = new Set(["RAFT_SESSION_EXPIRED", "RAFT_ANSWER_FORGOTTEN"]);

/** A workload around this `exactlyOnce`. */
export function exactlyOnceWorkloadOf(wrap: Wrap): SimWorkload {
  const proposer = wrapped(wrap, new BareCounter());
  proposer.envelope.observe(0); // from here on it stamps the times that it is given
  return {
    name: "exactly once",
    createMachine: (): SimStateMachine => new OnceCounter(wrap),
    nextOperation: (random, at) => nextOperation(proposer, random, at),
    isForgotten: (answer) => forgotten.has(decodeText(answer)),
    judge: (history, finalState) => judgeCounters(history, finalState),
  };
}

/** As little as a machine can know: what is applied counts. */
class BareCounter implements StateMachine<Uint8Array> {
  readonly counter = new KeyedCounter();

  apply(commands: readonly CommittedCommand[]): Uint8Array[] {
    return commands.map(({ data }) => this.counter.apply(data));
  }

  snapshot(): Iterable<Uint8Array> {
    return [this.counter.snapshot()];
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) pieces.push(chunk);
    this.counter.restore(joined(pieces));
  }
}

class OnceCounter implements SimStateMachine {
  readonly #bare = new BareCounter();
  readonly #machine: ExactlyOnceMachine<Uint8Array>;

  constructor(wrap: Wrap) {
    this.#machine = wrapped(wrap, this.#bare);
  }

  apply(data: Uint8Array, index: number): Uint8Array {
    const answers = this.#machine.apply([{ index, term: 0, data }]);
    if (answers instanceof Promise) throw new TypeError("a bare counter answers at once");
    return textOf(answers[0]!, index);
  }

  query(question: Uint8Array): Uint8Array {
    return this.#bare.counter.query(question);
  }

  snapshot(): Uint8Array {
    const pieces = this.#machine.snapshot();
    if (Symbol.asyncIterator in pieces) throw new TypeError("a bare counter answers at once");
    return joined([...pieces]);
  }

  restore(bytes: Uint8Array): Promise<void> {
    return this.#machine.restore(inPieces(bytes));
  }
}

function wrapped(wrap: Wrap, bare: BareCounter): ExactlyOnceMachine<Uint8Array> {
  const same = (bytes: Uint8Array): Uint8Array => bytes;
  return wrap(bare, { ...limits, encodeResult: same, decodeResult: same });
}

function textOf(answer: Answer<Uint8Array>, index: number): Uint8Array {
  if (isSessionChanged(answer)) return encodeText(String(index));
  return isRefused(answer) ? encodeText(refusedCode(answer)) : answer;
}

function nextOperation(
  proposer: ExactlyOnceMachine<Uint8Array>,
  random: Random,
  at: ClientPosition,
): Operation {
  learn(random, at);
  const { notes } = at;
  const wrap = (content: EnvelopeContent): Uint8Array => {
    return proposer.envelope.wrap(content, at.number * 100 + random.below(200));
  };
  const drawn = drawCounterOperation(random, at);
  if (drawn.kind === "get") return queryOperation(drawn, encodeText(drawn.counter));
  const { key, counter, delta } = drawn;
  const command = encodeText(` ${counter} ${delta}`);
  if (key === null) return commandOperation(drawn, wrap({ type: "plain", command }));
  if (random.chance(0.4)) {
    return commandOperation(drawn, wrap({ type: "keyed", key, command, sinceMs: null }));
  }
  const sessionId = notes.get("session");
  if (sessionId === undefined) {
    return { kind: "command", bytes: wrap({ type: "open" }), key: null, text: openText };
  }
  return sessionOperation(random, at, { drawn, sessionId, wrap, command });
}

function sessionOperation(
  random: Random,
  { notes }: ClientPosition,
  {
    drawn,
    sessionId,
    wrap,
    command,
  }: {
    readonly drawn: Extract<DrawnOperation, { kind: "add" }>;
    readonly sessionId: number;
    readonly wrap: (content: EnvelopeContent) => Uint8Array;
    readonly command: Uint8Array;
  },
): Operation {
  const seq = (notes.get("seq") ?? 0) + 1;
  notes.set("seq", seq);
  const ack = Math.max(0, seq - 1 - random.below(3)); // one at a time: all before it are over
  const bytes = wrap({ type: "session", sessionId, seq, ack, command });
  return commandOperation({ ...drawn, key: `s${sessionId}-${seq}` }, bytes);
}

/** Takes note of a session that was opened, and gives one up that may be gone. */
function learn(random: Random, { previous, notes }: ClientPosition): void {
  if (previous === null) return;
  const { operation, outcome, answer } = previous;
  if (operation.text === openText && outcome === "answered") {
    notes.set("session", Number(decodeText(answer!)));
    notes.set("seq", 0);
  } else if (outcome === "unknown" && random.chance(0.5)) {
    notes.delete("session");
  }
}

export const exactlyOnceWorkload: SimWorkload = exactlyOnceWorkloadOf(exactlyOnce);
