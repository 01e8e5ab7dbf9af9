/**
 * What applying, capturing and restoring cost. Build first, then:
 *
 *   node packages/state-machine/bench/apply.mjs
 *
 * With --expose-gc it also says how much memory the keys take.
 */
import { CounterMachine, decodeBatch, encodeBatch } from "../dist/index.js";

const rounds = 21;
const settings = { keyWindowMs: 3_600_000, keysMax: 200_000, countersMax: 10_000 };

/** Median nanoseconds of one of `times` calls. */
function measure(name, times, prepare) {
  const taken = [];
  for (let round = 0; round < rounds; round += 1) {
    const run = prepare(times);
    const start = process.hrtime.bigint();
    run();
    taken.push(Number(process.hrtime.bigint() - start) / times);
  }
  taken.sort((a, b) => a - b);
  const [best, median, worst] = [taken[0], taken[rounds >> 1], taken[rounds - 1]];
  const figures = [best, median, worst].map((ns) => ns.toFixed(0).padStart(7)).join(" ");
  console.log(`${name.padEnd(52)} ${figures} ns`);
}

function fingerprint(seed) {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, seed);
  return bytes;
}

let keys = 0;
function keyed(operation) {
  keys += 1;
  return { ...operation, key: { key: `request-${keys}`, fingerprint: fingerprint(keys) } };
}

const next = (count = 1n, times = 1) => {
  return { type: "next", counter: "default", count, times, condition: null, key: null };
};

function commands(times, operationsOf, at = () => 1) {
  return Array.from({ length: times }, (_, index) => ({
    index: index + 1,
    term: 1,
    data: encodeBatch({ ...settings, at: at(index), operations: operationsOf(index) }),
  }));
}

/** Commands one by one, as a server that is never behind applies them. */
function applying(list, machine = new CounterMachine()) {
  return () => {
    for (const command of list) machine.apply([command]);
  };
}

function filledMachine(size, window) {
  const machine = new CounterMachine();
  const perCommand = 1000;
  const list = commands(
    size / perCommand,
    () => Array.from({ length: perCommand }, () => keyed(next())),
    (index) => Math.floor((index * perCommand * window) / size),
  );
  machine.apply(list);
  return { machine, lastIndex: list.length };
}

console.log(`${"".padEnd(52)}    best  median   worst`);
const sink = [];
measure("decode 1 next", 20_000, (times) => {
  const list = commands(times, () => [next()]);
  return () => {
    for (const { data } of list) sink[0] = decodeBatch(data);
  };
});
measure("decode + apply 1 next", 20_000, (times) => applying(commands(times, () => [next()])));
measure("decode + apply 1 next of 64 numbers", 20_000, (times) =>
  applying(commands(times, () => [next(64n)])),
);
measure("decode + apply 1 next, 64 times", 20_000, (times) =>
  applying(commands(times, () => [next(1n, 64)])),
);
measure("decode + apply 64 nexts (a command)", 1_000, (times) =>
  applying(commands(times, () => Array.from({ length: 64 }, () => next()))),
);
measure("decode 1 keyed next", 20_000, (times) => {
  const list = commands(times, () => [keyed(next())]);
  return () => {
    for (const { data } of list) sink[0] = decodeBatch(data);
  };
});
measure("decode + apply 1 keyed next, table fills to 20k", 20_000, (times) =>
  applying(commands(times, () => [keyed(next())])),
);
measure("decode + apply 1 keyed next, 200k keys, one expires", 20_000, (times) => {
  const { machine, lastIndex } = filledMachine(200_000, settings.keyWindowMs);
  const list = commands(
    times,
    () => [keyed(next())],
    (index) => settings.keyWindowMs + Math.floor((index * settings.keyWindowMs) / 200_000),
  ).map((command) => ({ ...command, index: command.index + lastIndex }));
  return applying(list, machine);
});
measure("encode 1 next", 20_000, (times) => {
  const batch = { ...settings, at: 1, operations: [next()] };
  return () => {
    for (let done = 0; done < times; done += 1) sink[0] = encodeBatch(batch);
  };
});

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const { machine } = filledMachine(200_000, 1);
globalThis.gc?.();
const bytes = process.memoryUsage().heapUsed - before;
if (globalThis.gc) console.log(`memory of 200k keys: ${(bytes / 1e6).toFixed(1)} MB`);
measure("capture a snapshot of 200k keys", 1, () => () => {
  sink[0] = machine.snapshot();
});
let pieces = [];
measure("write a snapshot of 200k keys", 1, () => () => {
  pieces = [...machine.snapshot()];
});
console.log(
  `  ${pieces.length} pieces, ${pieces.reduce((sum, { length }) => sum + length, 0)} bytes`,
);
const started = process.hrtime.bigint();
async function* read() {
  yield* pieces;
}
await new CounterMachine().restore(read());
const restoreMs = Number(process.hrtime.bigint() - started) / 1e6;
console.log(`restore it: ${restoreMs.toFixed(1)} ms`);
