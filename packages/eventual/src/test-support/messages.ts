/** Messages to encode: one of every kind, and as many others as a seed makes. */
import type { RefusedWhy, Reply, Request, Sender } from "../messages.ts";
import type { Head, RecordRange, WriterId } from "../types.ts";

/** A small generator (mulberry32): numbers from 0 to below `bound`. */
export function dice(seed: number): (bound: number) => number {
  let state = seed | 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

export const sender: Sender = {
  clusterId: "c1",
  provisional: true,
  node: "000102030405060708090a0b0c0d0e0f",
  boot: 3,
  nonce: 300,
  address: "a:1",
  label: "n 1",
};

export const writerA: WriterId = "a0a1a2a3a4a5a6a7a8a9aaab";
export const writerB: WriterId = "b0b1b2b3b4b5b6b7b8b9babb";

const head: Head = { writer: writerA, position: 7, hash: 2 ** 53 - 1 };
const unknown: Head = { writer: writerB, position: 0, hash: 0 };
const range: RecordRange = {
  writer: writerA,
  from: 8,
  previous: 12_345,
  records: [Uint8Array.of(1, 2, 3), Uint8Array.of(4)],
};
const first: RecordRange = { writer: writerB, from: 1, previous: 0, records: [Uint8Array.of(9)] };

export const requests: readonly Request[] = [
  { type: "push", ranges: [range] },
  { type: "health" },
  { type: "sync", heads: [] },
  { type: "sync", heads: [head, unknown] },
  { type: "fill", ranges: [range, first] },
  { type: "fetch", transfer: 0, piece: 0 },
  { type: "fetch", transfer: 2 ** 40, piece: 12 },
];

const refusals: readonly RefusedWhy[] = [
  { code: "foreign-cluster" },
  { code: "duplicate-identity", boot: 9 },
  { code: "removed" },
  { code: "fork", writer: writerA },
  { code: "invalid", problem: "record 8 of it" },
  { code: "busy" },
];

export const replies: readonly Reply[] = [
  { type: "ack", heads: [head] },
  { type: "healthy", vectorHash: 2 ** 52 + 1, ready: false },
  { type: "delta", heads: [head], ranges: [range, first], more: true, snapshot: false },
  { type: "delta", heads: [], ranges: [], more: false, snapshot: true },
  { type: "piece", transfer: 4, piece: 2, bytes: Uint8Array.of(5, 6), last: true },
  { type: "piece", transfer: 4, piece: 3, bytes: null, last: false },
  ...refusals.map((why) => ({ type: "refused", why }) as const),
];

/** Any message at all. */
export function randomRequest(roll: (bound: number) => number): Request {
  switch (roll(5)) {
    case 0:
      return { type: "push", ranges: randomRanges(roll) };
    case 1:
      return { type: "health" };
    case 2:
      return { type: "sync", heads: randomHeads(roll) };
    case 3:
      return { type: "fill", ranges: randomRanges(roll) };
    default:
      return { type: "fetch", transfer: roll(2 ** 31), piece: roll(1000) };
  }
}

export function randomReply(roll: (bound: number) => number): Reply {
  switch (roll(5)) {
    case 0:
      return { type: "ack", heads: randomHeads(roll) };
    case 1:
      return { type: "healthy", vectorHash: roll(2 ** 31), ready: roll(2) === 0 };
    case 2: {
      const [heads, ranges] = [randomHeads(roll), randomRanges(roll)];
      return { type: "delta", heads, ranges, more: roll(2) === 0, snapshot: roll(2) === 0 };
    }
    case 3: {
      const bytes = roll(4) === 0 ? null : randomBytes(roll, 1 + roll(300));
      return {
        type: "piece",
        transfer: roll(2 ** 31),
        piece: roll(99),
        bytes,
        last: roll(2) === 0,
      };
    }
    default:
      return { type: "refused", why: refusals[roll(refusals.length)]! };
  }
}

function randomWriter(roll: (bound: number) => number): WriterId {
  return Array.from({ length: 24 }, () => roll(16).toString(16)).join("");
}

function randomHeads(roll: (bound: number) => number): readonly Head[] {
  return Array.from({ length: roll(5) }, () => {
    const writer = randomWriter(roll);
    return { writer, position: 1 + roll(2 ** 31), hash: 1 + roll(2 ** 31) };
  });
}

function randomRanges(roll: (bound: number) => number): readonly RecordRange[] {
  return Array.from({ length: roll(4) }, () => ({
    writer: randomWriter(roll),
    from: 2 + roll(2 ** 31),
    previous: 1 + roll(2 ** 31),
    records: Array.from({ length: 1 + roll(4) }, () => randomBytes(roll, 1 + roll(60))),
  }));
}

function randomBytes(roll: (bound: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => roll(256));
}
