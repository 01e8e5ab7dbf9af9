/**
 * Does every write count once? Adds, and takes numbers, at all nodes through proxies that lose requests
 * and replies; repeats with the same key what was not answered; then compares. Meant to run while
 * nodes are killed.
 */
import { newKey, type CounterClient, type CounterHandle } from "@counter/client";

import { pause } from "../commands/waiting.ts";
import type { Tls } from "../tls.ts";
import { LossyProxy, type Losses } from "./lossy-proxy.ts";
import { askingMs, settle, type Settled, type Tally } from "./patient.ts";

export interface ExactlyOnceOptions {
  /** The cluster, without losses: for what is compared in the end. */
  readonly client: CounterClient;
  /** The same one for one node alone. */
  readonly at: (endpoint: string) => CounterClient;
  readonly mode: "strong" | "eventual";
  readonly name: string;
  readonly workers: number;
  readonly runMs: number;
  /** How long to go on repeating what is not answered after that, in milliseconds. */
  readonly patienceMs: number;
  /** Share of messages, from 0 to 1. */
  readonly lost: number;
  /** Of the way to the nodes. */
  readonly tls: Tls | null;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface ExactlyOnceReport {
  readonly mode: string;
  readonly counters: readonly string[];
  readonly operations: number;
  readonly expected: bigint;
  readonly value: bigint;
  readonly numbers: number;
  readonly duplicates: number;
  readonly lastNumber: bigint | null;
  /** Writes of which nobody has said in time what became of them. */
  readonly unsettled: number;
  readonly repeated: number;
  readonly replayed: number;
  readonly lost: Losses;
  readonly ok: boolean;
  readonly problems: readonly string[];
}

/** Most operations of a run: their numbers are kept to be compared. */
export const operationsMax: number = 5_000_000;
const progressMs = 5000;

class Course {
  operations = 0;
  expected = 0n;
  unsettled = 0;
  duplicates = 0;
  readonly numbers = new Set<bigint>();
  readonly tally: Tally = { repeated: 0, replayed: 0 };
}

export async function checkExactlyOnce(options: ExactlyOnceOptions): Promise<ExactlyOnceReport> {
  const { client, lost, tls } = options;
  const losing = { lost, tls, random: Math.random };
  const proxies = await Promise.all(client.endpoints.map((each) => LossyProxy.start(each, losing)));
  const course = new Course();
  const progress = setInterval(() => options.progress(progressText(course)), progressMs);
  try {
    const nodes = proxies.map(({ url }) => options.at(url));
    await Promise.all(Array.from({ length: options.workers }, () => work(nodes, course, options)));
    return await compare(course, options, sum(proxies));
  } finally {
    clearInterval(progress);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

async function work(
  nodes: readonly CounterClient[],
  course: Course,
  { name, mode, runMs, patienceMs, signal }: ExactlyOnceOptions,
): Promise<void> {
  const end = performance.now() + runMs;
  const how = { until: end + patienceMs, tally: course.tally, signal };
  while (performance.now() < end && !signal.aborted && course.operations < operationsMax) {
    course.operations += 1;
    const options = { key: newKey(), timeoutMs: askingMs, signal };
    if (mode === "strong" && course.operations % 2 === 0) {
      const take = (node: CounterClient) => node.counter(numbersOf(name)).next(options);
      record(course, await settle(nodes, take, how), ({ first }) => {
        if (course.numbers.has(first)) course.duplicates += 1;
        course.numbers.add(first);
      });
    } else {
      const delta = BigInt(1 + Math.floor(Math.random() * 9));
      const add = (node: CounterClient) => node.counter(name).add(delta, options);
      record(course, await settle(nodes, add, how), () => (course.expected += delta));
    }
  }
}

function record<T>(course: Course, settled: Settled<T>, done: (result: T) => void): void {
  if (settled.done) done(settled.result);
  else course.unsettled += 1;
}

async function compare(
  course: Course,
  options: ExactlyOnceOptions,
  losses: Losses,
): Promise<ExactlyOnceReport> {
  const { mode, name, client } = options;
  options.progress("comparing");
  const strong = mode === "strong";
  const value =
    course.operations === 0 ? 0n : await finalValue(client.counter(name), course, options);
  const sequence = client.counter(numbersOf(name));
  const read = { timeoutMs: options.patienceMs };
  const last = strong && course.numbers.size > 0 ? (await sequence.get(read)).value : null;
  const problems = problemsOf(course, value, last);
  return {
    mode,
    counters: strong ? [name, numbersOf(name)] : [name],
    operations: course.operations,
    expected: course.expected,
    value,
    numbers: course.numbers.size,
    duplicates: course.duplicates,
    lastNumber: last,
    unsettled: course.unsettled,
    ...course.tally,
    lost: losses,
    ok: problems.length === 0,
    problems,
  };
}

/** In eventual mode the sum is there when all nodes have met. */
async function finalValue(
  counter: CounterHandle,
  course: Course,
  { mode, patienceMs, signal }: ExactlyOnceOptions,
): Promise<bigint> {
  const deadline = performance.now() + patienceMs;
  const level = mode === "strong" ? {} : { consistency: "all", waitSeconds: 10 };
  for (;;) {
    const { value } = await counter.get({ ...level, timeoutMs: patienceMs });
    if (value === course.expected || performance.now() >= deadline || signal.aborted) return value;
    await pause(100, signal);
  }
}

function problemsOf(course: Course, value: bigint, last: bigint | null): readonly string[] {
  const { expected, unsettled, duplicates, numbers } = course;
  const problems: string[] = [];
  if (value !== expected) {
    const off = (value - expected).toString();
    problems.push(
      `the value is ${value.toString()}, and should be ${expected.toString()} (${off})`,
    );
  }
  if (duplicates > 0) problems.push(`${duplicates} numbers were given to two callers`);
  if (last !== null && last !== BigInt(numbers.size)) {
    problems.push(`${numbers.size} numbers were given, and the last one is ${last.toString()}`);
  }
  if (unsettled > 0) problems.push(`nobody said in time what became of ${unsettled} writes`);
  return problems;
}

function numbersOf(name: string): string {
  return `${name}.numbers`;
}

function progressText({ operations, tally, expected }: Course): string {
  return `${operations} operations, ${tally.repeated} repeated, sum ${expected.toString()}`;
}

function sum(proxies: readonly LossyProxy[]): Losses {
  const total = { requests: 0, replies: 0, passed: 0 };
  for (const { losses } of proxies) {
    total.requests += losses.requests;
    total.replies += losses.replies;
    total.passed += losses.passed;
  }
  return total;
}
