import { Writable } from "node:stream";

import winston from "winston";

import { repeatsMax } from "./log-repeats.ts";
import { createLog, type LogContext } from "./logging.ts";

function lines(
  logFormat: "pretty" | "json",
  write: (log: winston.Logger, context: LogContext) => void,
): string[] {
  const written: string[] = [];
  const context: LogContext = { term: null };
  const settings = { label: "n1", mode: "raft", logLevel: "info", logFormat } as const;
  const log = createLog(settings, context, { colours: false });
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.toString().trim());
      done();
    },
  });
  log.clear().add(new winston.transports.Stream({ stream }));
  write(log, context);
  return written;
}

test("a pretty line has time, level, node, term, message and facts", () => {
  const [before, after] = lines("pretty", (log, context) => {
    log.info("starting");
    context.term = 7;
    log.warn("far behind", { peer: "b:1", lag: 3 });
  });
  expect(before).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}n1 {2}starting$/);
  expect(after).toMatch(/^[\d:.]{12} warn {2}n1 t7 {2}far behind peer=b:1 lag=3$/);
});

test("a JSON line has the same as members", () => {
  const [line] = lines("json", (log, context) => {
    context.term = 7;
    log.info("far behind", { lag: 3 });
  });
  expect(JSON.parse(line!)).toMatchObject({
    level: "info",
    message: "far behind",
    node: "n1",
    mode: "raft",
    term: 7,
    lag: 3,
  });
});

test("an error is shown by its message and its cause", () => {
  const error = new Error("the disk failed", { cause: new Error("EIO") });
  const [line] = lines("pretty", (log) => log.error("fatal", { error }));
  expect(line).toMatch(/fatal error=the disk failed \(EIO\)$/);
});

test("of lines with one text the first few are written, and those of another are", () => {
  const counted: LogContext[] = [];
  const written = lines("pretty", (log, context) => {
    for (let i = 0; i < repeatsMax + 2; i += 1) log.warn("again", { i });
    log.warn("something else");
    for (let i = 0; i < repeatsMax + 2; i += 1) log.debug("not even looked at");
    counted.push(context);
  });
  expect(written).toHaveLength(repeatsMax + 1);
  expect(written.at(-1)).toContain("something else");
  expect(counted[0]!.linesDropped).toBe(2);
});
