/** exactlyOnce against a model, and against the one sentence that it is for. */
import fc from "fast-check";
import type { Answer, EnvelopeContent } from "../index.ts";
import { NaiveOnce } from "../test-support/naive-once.ts";
import {
  OnceLog,
  Tally,
  inPieces,
  inSession,
  keyed,
  once,
  piecesOf,
  plain,
  wordOf,
} from "../test-support/once.ts";
import { encodeEnvelope } from "./envelope.ts";
import { defaultMemoryLimits } from "./limits.ts";
import type { MemoryLimits } from "./limits.ts";

jest.setTimeout(60_000); // many runs, on machines that may be busy

const limits: fc.Arbitrary<MemoryLimits> = fc.record({
  windowMs: fc.constantFrom(5, 30, 100),
  keysMax: fc.constantFrom(0, 2, 5, 1000),
  sessionsMax: fc.constantFrom(1, 2, 5),
  sessionIdleMs: fc.constantFrom(5, 30, 100),
  bytesMax: fc.constantFrom(1, 2500, 5000, 1_000_000),
});

const command = fc.constantFrom([1], [2], [13], [1, 1], [3, 2]);

/** Sessions are named by how many opened after them, so that most of them exist. */
const step = fc.record({
  advanceMs: fc.constantFrom(0, 0, 1, 3, 20),
  limits,
  what: fc.oneof(
    fc.record({ type: fc.constant("plain" as const), command }),
    fc.record({
      type: fc.constant("keyed" as const),
      key: fc.constantFrom("a", "b", "c", "d"),
      sinceAgoMs: fc.option(fc.nat(60)),
      command,
    }),
    fc.record({
      type: fc.constant("session" as const),
      back: fc.nat(3),
      seq: fc.integer({ min: 1, max: 6 }),
      behind: fc.integer({ min: 1, max: 6 }),
      command,
    }),
    fc.record({ type: fc.constant("open" as const) }),
    fc.record({ type: fc.constant("close" as const), back: fc.nat(3) }),
  ),
  /** Ends the call of apply here; or writes a snapshot and goes on from it. */
  then: fc.constantFrom("go on", "go on", "call", "restart"),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function contentOf({ what }: Step, opened: readonly number[], atMs: number): EnvelopeContent {
  switch (what.type) {
    case "plain":
      return plain(...what.command);
    case "keyed": {
      const { sinceAgoMs } = what;
      const since = sinceAgoMs === null ? null : Math.max(0, atMs - sinceAgoMs);
      return keyed(what.key, what.command, since);
    }
    case "session": {
      const position = [what.seq, Math.max(0, what.seq - what.behind)] as const;
      return inSession(opened.at(-1 - what.back) ?? 9999, position, what.command);
    }
    case "open":
      return { type: "open" };
    case "close":
      return { type: "close", sessionId: opened.at(-1 - what.back) ?? 9999 };
  }
}

it("answers as the model does, however entries are grouped, and after restarts at any moment", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, isLate) => {
      const model = new NaiveOnce();
      let log = new OnceLog();
      log.tally.late = isLate;
      const opened: number[] = [];
      const expected: string[] = [];
      const answers: Answer<string>[] = [];
      let waiting: { readonly index: number; readonly term: number; readonly data: Uint8Array }[] =
        [];
      let atMs = 0;
      const applyWaiting = async (): Promise<void> => {
        answers.push(...(await log.machine.apply(waiting)));
        waiting = [];
      };
      for (const [at, each] of steps.entries()) {
        const index = at + 1;
        atMs += each.advanceMs;
        const content = contentOf(each, opened, atMs);
        expected.push(model.say(content, { atMs, index, limits: each.limits }));
        if (content.type === "open") opened.push(index);
        waiting.push({
          index,
          term: 1,
          data: encodeEnvelope({ content, atMs, limits: each.limits }),
        });
        if (each.then === "go on") continue;
        await applyWaiting();
        if (each.then === "call") continue;
        const copy = new OnceLog();
        copy.tally.late = isLate;
        const bytes = Buffer.concat(await piecesOf(log.machine));
        await copy.machine.restore(inPieces(bytes, 1 + (at % 50)));
        expect(Buffer.concat(await piecesOf(copy.machine)).equals(bytes)).toBe(true);
        log = copy;
      }
      await applyWaiting();
      expect(answers.map(wordOf)).toEqual(expected);
      expect(log.tally.applied).toEqual(model.applied);
      expect(log.machine.stats()).toEqual({
        keys: model.keys.length,
        sessions: model.sessions.length,
        bytes: model.bytes,
      });
      expect(log.machine.logTimeMs).toBe(model.logTimeMs);
    }),
    { numRuns: 1500 },
  );
});

/**
 * Every client sends each of its commands again and again, for as long as it likes, in any order;
 * two servers apply the log, one of them restarts now and then, and limits are tiny.
 */
const attempt = fc.record({
  client: fc.nat(2),
  number: fc.nat(4),
  advanceMs: fc.constantFrom(0, 1, 20, 90),
  limits,
  isInSession: fc.boolean(),
  restarts: fc.boolean(),
});

it("applies no command twice, whatever is forgotten, and never gives two answers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { maxLength: 80 }), async (attempts) => {
      const steady = once(new Tally());
      let tally = new Tally();
      let moving = once(tally);
      const since = new Map<string, number>();
      const results = new Map<string, string>();
      let index = 0;
      let atMs = 0;
      const log = async (content: EnvelopeContent, chosen: MemoryLimits): Promise<string> => {
        index += 1;
        const data = encodeEnvelope({ content, atMs, limits: chosen });
        const [ours] = await moving.apply([{ index, term: 1, data }]);
        const [theirs] = await steady.apply([{ index, term: 1, data }]);
        expect(wordOf(theirs!)).toBe(wordOf(ours!));
        return wordOf(ours!);
      };
      const sessions: number[] = [];
      for (let client = 0; client < 3; client += 1) {
        await log({ type: "open" }, defaultMemoryLimits);
        sessions.push(index);
      }
      for (const { client, number, advanceMs, limits: chosen, isInSession, restarts } of attempts) {
        atMs += advanceMs;
        const bytes = [client, 0, number, isInSession ? 1 : 0];
        const name = bytes.join(".");
        if (!since.has(name)) since.set(name, moving.logTimeMs);
        const content = isInSession
          ? inSession(sessions[client]!, [number + 1, Math.max(0, number - 1)], bytes)
          : keyed(name, bytes, since.get(name));
        const word = await log(content, chosen);
        if (!/^\d+$/.test(word)) continue;
        expect(word).toBe(results.get(name) ?? word);
        results.set(name, word);
        if (!restarts) continue;
        tally = new Tally();
        const copy = once(tally);
        await copy.restore(inPieces(Buffer.concat(await piecesOf(moving)), 33));
        moving = copy;
      }
      expect(new Set(tally.applied).size).toBe(tally.applied.length);
    }),
    { numRuns: 800 },
  );
});
