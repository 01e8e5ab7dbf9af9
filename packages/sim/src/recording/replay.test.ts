import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRecording } from "@counter/raft";
import type { Recording } from "@counter/raft";
import { replayMain } from "../cli/replay.ts";
import { recordedSeed } from "../test-support/recorded-seed.ts";
import { replayRecording } from "./replay.ts";
import type { ReplayResult } from "./replay.ts";

const kept = join(__dirname, "../../recordings");
const all = { print: (): void => undefined, from: 0, until: Infinity };

function lastNumber({ inputsBefore, inputs }: Recording): number {
  return inputsBefore + inputs.length;
}

function linesOf(name: string): string[] {
  return readFileSync(join(kept, name), "utf8").split("\n");
}

/** The first kept recording with some lines replaced. */
function changed(change: (line: string) => string): ReplayResult {
  return replayRecording(readRecording(linesOf("0.1.0-election.ndjson").map(change)), all);
}

describe("recordings of earlier releases", () => {
  it.each(readdirSync(kept))("%s is read, and replays as it was recorded", (name) => {
    const recording = readRecording(linesOf(name));
    const { end } = replayRecording(recording, all);
    expect(end).toEqual({ type: "asRecorded", at: lastNumber(recording) });
  });
});

describe("a recording of a simulated run", () => {
  // Short runs end before anything is worth a recording: many seeds, so that some are long enough.
  const recorded = [11, 12, 13, 14, 15, 16, 17, 18].map((seed) => {
    return { seed, recordings: recordedSeed(seed, { everyInputs: 150, inputs: 400 }) };
  });

  it.each(recorded)("replays: seed $seed, all its processes", ({ recordings }) => {
    for (const lines of recordings) {
      const recording = readRecording(lines);
      const { end } = replayRecording(recording, all);
      expect(end).toEqual({ type: "asRecorded", at: lastNumber(recording) });
    }
  });

  it("is there for enough of them", () => {
    expect(recorded.flatMap(({ recordings }) => recordings).length).toBeGreaterThan(4);
  });
});

describe("a replay that goes another way", () => {
  it("tells the first input after which something else was given", () => {
    const { end } = changed((line) =>
      line.startsWith('{"n":30,') ? line.replace(/"ready":\[.*/, '"ready":[1]}') : line,
    );
    expect(end).toEqual({ type: "differs", at: 30 });
  });

  it("tells which invariant breaks, and at which input", () => {
    const { end, status } = changed((line) => {
      const at = /^\{"n":(30|31),/.exec(line);
      return at === null
        ? line
        : `{"n":${at[1]!},"input":{"type":"persisted","write":99},"ready":[]}`;
    });
    expect(end).toEqual({
      type: "broke",
      at: 30,
      error: "InvariantError: writes are reported durable in the order they were given",
    });
    expect(status).not.toBeNull();
  });

  it("tells that an input is of a kind that this release does not know", () => {
    const { end } = changed((line) =>
      line.replace(/^\{"n":9,"input":\{"type":"\w+"/, '{"n":9,"input":{"type":"dance"'),
    );
    expect(end).toMatchObject({ type: "broke", at: 9 });
  });

  it("tells that no core can be made of its options and its state", () => {
    const { end, status } = changed((line) =>
      line.replace(/"heartbeatTicks":\d+/, '"heartbeatTicks":99'),
    );
    expect(end).toMatchObject({ type: "broke", at: 0 });
    expect(status).toBeNull();
  });
});

describe("npm run replay", () => {
  const folder = mkdtempSync(join(tmpdir(), "counter-replay-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const election = join(kept, "0.1.0-election.ndjson");

  function run(...argv: readonly string[]): { readonly code: number; readonly lines: string[] } {
    const lines: string[] = [];
    const code = replayMain(argv, { print: (line) => lines.push(line) });
    return { code, lines };
  }

  it("prints one fact a line, and how it ended", () => {
    const { code, lines } = run(election);
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^n\d, release 0\.1\.0, inputs 1 to \d+$/);
    expect(lines.at(-1)).toMatch(/^as recorded, up to input #\d+$/);
    expect(lines.slice(1, -1).every((line) => /^ +#\d+ +\d+ {2}n\d/.test(line))).toBe(true);
    expect(lines.join("\n")).toMatch(/=> preCandidate|=> leader|sees leader/);
  });

  it("shows the inputs that it is asked for, and the state behind them", () => {
    const { code, lines } = run(election, "--from", "20", "--until", "25", "--status");
    expect(code).toBe(0);
    const numbers = lines.flatMap((line) => /^ +#(\d+)/.exec(line)?.[1] ?? []).map(Number);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(25);
    expect(lines.at(-1)).toBe("as recorded, up to input #25");
    expect(lines.find((line) => /^ {2}role +"/.test(line))).toBeDefined();
  });

  it("writes a copy without commands that replays just the same", () => {
    const copy = join(folder, "redacted.ndjson");
    expect(run(election, "--redact", copy).code).toBe(0);
    const text = readFileSync(copy, "utf8");
    expect(text).toContain('"$zeros":');
    const { code, lines } = run(copy);
    expect([code, lines[0]]).toEqual([0, `${run(election).lines[0]!}, without commands`]);
    expect(lines.slice(1)).toEqual(run(election).lines.slice(1));
  });

  it("answers an invariant that breaks with exit code 3, another way with 1", () => {
    const broken = join(folder, "broken.ndjson");
    const [header, ...rest] = linesOf("0.1.0-election.ndjson");
    const said = header!.replace('"error":null', '"error":"InvariantError: x"');
    const wrongWrite = '{"n":30,"input":{"type":"persisted","write":99},"ready":[]}';
    const replaced = rest.map((line) => (line.startsWith('{"n":30,') ? wrongWrite : line));
    writeFileSync(broken, [said, ...replaced].join("\n"));
    const { code, lines } = run(broken);
    expect(code).toBe(3);
    expect(lines[1]).toBe("it stopped there: InvariantError: x");
    expect(lines.at(-1)).toMatch(/^BROKE at input #30: InvariantError: writes are reported/);
    writeFileSync(broken, [header, ...rest.map((line) => line.replace("[]}", "[1]}"))].join("\n"));
    expect(run(broken).code).toBe(1);
  });

  it.each([
    { argv: [], says: /name one recording/ },
    { argv: ["one", "two"], says: /name one recording/ },
    { argv: ["nowhere.ndjson"], says: /nowhere.ndjson: ENOENT/ },
    { argv: [__filename], says: /line 1: not a line of a recording/ },
    { argv: [election, "--from", "x"], says: /--from wants a whole number/ },
    { argv: [election, "--nonsense"], says: /nonsense/ },
  ])("refuses $argv with a sentence", ({ argv, says }) => {
    const { code, lines } = run(...argv);
    expect(code).toBe(2);
    expect(lines.join("\n")).toMatch(says);
  });

  it("explains itself", () => {
    const { code, lines } = run("--help");
    expect(code).toBe(0);
    expect(lines.join("\n")).toContain("kill -USR2");
  });
});
