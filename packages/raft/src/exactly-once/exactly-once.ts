/** A state machine that applies every command once, around one that knows nothing of it. */
import { invariant } from "../core/invariant.ts";
import { isRefused, isSessionChanged, refuse } from "../node/answers.ts";
import type { Answer } from "../node/answers.ts";
import type { CommittedCommand, StateMachine } from "../node/ports.ts";
import { decodeEnvelope, encodeEnvelope } from "./envelope.ts";
import type { Envelope } from "./envelope-port.ts";
import { answerMaxBytes, checkMemoryLimits, defaultMemoryLimits } from "./limits.ts";
import type { MemoryLimits } from "./limits.ts";
import { LogClock } from "./log-clock.ts";
import { Memory, answerForgotten } from "./memory.ts";
import type { Decision, KeptAnswer, Place } from "./memory.ts";
import { readMemory } from "./snapshot-reader.ts";
import { captureMemory, withInner, withLateInner } from "./snapshot-writer.ts";

export interface ExactlyOnceOptions<Result> extends Partial<MemoryLimits> {
  /** A result as bytes, to be remembered. Nobody may change them afterwards. */
  readonly encodeResult: (result: Result) => Uint8Array;
  /** The result that {@link ExactlyOnceOptions.encodeResult} was given; for repetitions. */
  readonly decodeResult: (bytes: Uint8Array) => Result;
}

export interface ExactlyOnceStats {
  /** Keys that are remembered, expired ones that were not removed yet included. */
  readonly keys: number;
  readonly sessions: number;
  /** What they are counted with against `bytesMax`. */
  readonly bytes: number;
}

/** What {@link exactlyOnce} makes. Give it to RaftNode; read the state of your own machine. */
export interface ExactlyOnceMachine<Result> extends StateMachine<Result> {
  readonly envelope: Envelope;
  /** The time of the log in milliseconds: the latest stamp of all entries that were applied. */
  readonly logTimeMs: number;
  stats(): ExactlyOnceStats;
}

/**
 * Makes a state machine under which a repeated command is harmless: the same key, or the same place
 * in a session, gives the same answer and is applied once, over retries, changes of leader,
 * snapshots and restarts. `docs/exactly-once.md` says exactly what is promised.
 *
 * All servers of a cluster must use it, from the first entry of the log on; the entries and the
 * snapshots are not those of the bare machine. Limits may differ from server to server and from
 * start to start: those of the proposing leader count.
 *
 * @throws {RangeError} on limits out of range
 * @throws {TypeError} if the machine was made by `exactlyOnce`
 */
export function exactlyOnce<Result>(
  machine: StateMachine<Result>,
  options: ExactlyOnceOptions<Result>,
): ExactlyOnceMachine<Result> {
  if (machine.envelope !== undefined) throw new TypeError("once is enough");
  return new OnceMachine(machine, options);
}

/** A call of `apply` that is under way. */
interface Run<Result> {
  readonly commands: readonly CommittedCommand[];
  readonly answers: Answer<Result>[];
  /** The next command to decide. */
  at: number;
}

/** Commands that the wrapped machine applies in one call. */
interface Segment {
  readonly fresh: CommittedCommand[];
  /** For each of them: where its answer goes, in the answers of the run and in the memory. */
  readonly slots: { readonly at: number; readonly place: Place | null }[];
}

class OnceMachine<Result> implements ExactlyOnceMachine<Result> {
  readonly envelope: Envelope;
  readonly #inner: StateMachine<Result>;
  readonly #options: ExactlyOnceOptions<Result>;
  #memory = new Memory({ logTimeMs: 0, forgottenUpToMs: -1 }, { key: 0, session: 0 });

  constructor(inner: StateMachine<Result>, options: ExactlyOnceOptions<Result>) {
    const limits = limitsOf(options);
    checkMemoryLimits(limits);
    this.#inner = inner;
    this.#options = options;
    const clock = new LogClock();
    this.envelope = {
      wrap: (content, nowMs) => {
        return encodeEnvelope({ content, limits, atMs: clock.stamp(nowMs, this.logTimeMs) });
      },
      observe: (nowMs) => clock.observe(nowMs, this.logTimeMs),
    };
  }

  get logTimeMs(): number {
    return this.#memory.clock.logTimeMs;
  }

  stats(): ExactlyOnceStats {
    const { keys, sessions, bytes } = this.#memory;
    return { keys: keys.size, sessions: sessions.size, bytes };
  }

  apply(
    commands: readonly CommittedCommand[],
  ): readonly Answer<Result>[] | Promise<readonly Answer<Result>[]> {
    return this.#continue({ commands, answers: new Array<Answer<Result>>(commands.length), at: 0 });
  }

  /** Answers at once unless the wrapped machine does not. */
  #continue(run: Run<Result>): readonly Answer<Result>[] | Promise<readonly Answer<Result>[]> {
    while (run.at < run.commands.length) {
      const segment = this.#decideSegment(run);
      if (segment.fresh.length === 0) continue;
      const answers = this.#inner.apply(segment.fresh);
      if (answers instanceof Promise) {
        return answers.then((late) => {
          this.#settle(run, segment, late);
          return this.#continue(run);
        });
      }
      this.#settle(run, segment, answers);
    }
    return run.answers;
  }

  /** As many commands as can be decided before the first of them is applied. */
  #decideSegment(run: Run<Result>): Segment {
    const segment: Segment = { fresh: [], slots: [] };
    for (; run.at < run.commands.length; run.at += 1) {
      const { index, term, data } = run.commands[run.at]!;
      const entry = decodeEnvelope(data);
      if (this.#memory.mustSettleBefore(entry)) return segment;
      const decision = this.#memory.decide(entry, index);
      if (decision.type === "apply") {
        segment.fresh.push({ index, term, data: decision.command });
        segment.slots.push({ at: run.at, place: decision.place });
      } else {
        run.answers[run.at] = this.#answerOf(decision);
      }
    }
    return segment;
  }

  #answerOf(decision: Exclude<Decision, { readonly type: "apply" }>): Answer<Result> {
    if (decision.type === "answer") return decision.answer;
    const { kept } = decision;
    switch (kept.kind) {
      case "result":
        return this.#options.decodeResult(kept.bytes);
      case "refused":
        return refuse(kept.reason);
      case "dropped":
        return answerForgotten;
    }
  }

  #settle(run: Run<Result>, { slots }: Segment, answers: readonly Answer<Result>[]): void {
    invariant(answers.length === slots.length, "a state machine gives one result a command");
    slots.forEach(({ at, place }, i) => {
      const answer = answers[i]!;
      run.answers[at] = answer;
      if (place !== null) this.#memory.settle(place, this.#kept(answer));
    });
  }

  #kept(answer: Answer<Result>): KeptAnswer {
    if (isRefused(answer)) return { kind: "refused", reason: answer.reason };
    invariant(!isSessionChanged(answer), "only we know sessions");
    const bytes = this.#options.encodeResult(answer);
    return bytes.length > answerMaxBytes ? { kind: "dropped" } : { kind: "result", bytes };
  }

  snapshot(): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
    const memory = captureMemory(this.#memory);
    const rest = this.#inner.snapshot();
    return Symbol.asyncIterator in rest ? withLateInner(memory, rest) : withInner(memory, rest);
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { memory, rest } = await readMemory(chunks);
    await this.#inner.restore(rest);
    this.#memory = memory;
  }
}

function limitsOf<Result>(options: ExactlyOnceOptions<Result>): MemoryLimits {
  const {
    windowMs = defaultMemoryLimits.windowMs,
    keysMax = defaultMemoryLimits.keysMax,
    sessionsMax = defaultMemoryLimits.sessionsMax,
    sessionIdleMs = defaultMemoryLimits.sessionIdleMs,
    bytesMax = defaultMemoryLimits.bytesMax,
  } = options;
  return { windowMs, keysMax, sessionsMax, sessionIdleMs, bytesMax };
}
