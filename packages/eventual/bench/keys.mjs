/**
 * What a million remembered keys cost in memory and time. Build first, then:
 *
 *   node --expose-gc packages/eventual/bench/keys.mjs [keys]
 */
import { applyRecord } from "../dist/data/applying.js";
import { chainHash } from "../dist/data/chain.js";
import { closeKeys } from "../dist/data/closing.js";
import { findKey, keyCount } from "../dist/data/keys.js";
import { mergePiece, piecesOf } from "../dist/data/pieces.js";
import { decodeRecord, encodeRecord } from "../dist/data/record-codec.js";
import { emptyReplica, headOf } from "../dist/data/replica.js";
import { floorNow, valueOf } from "../dist/data/values.js";

const keys = Number(process.argv[2] ?? 1_000_000);
const perRecord = 256;
const writer = "0123456789abcdef01234567";
const node = "0123456789abcdef0123456789abcdef";
const begin = 1_700_000_000_000;
const counter = "orders";

/** Thirty keys a millisecond. */
function keyOf(number) {
  const time = (begin + Math.floor(number / 30)).toString(16).padStart(12, "0");
  const digits = number.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${digits}`;
}

function memory() {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}

/** Milliseconds in all, and nanoseconds a key. */
function timed(name, times, run) {
  const start = process.hrtime.bigint();
  const result = run();
  const ns = Number(process.hrtime.bigint() - start);
  const each = `${(ns / times).toFixed(0).padStart(8)} ns each`;
  console.log(`${name.padEnd(40)} ${(ns / 1e6).toFixed(1).padStart(9)} ms ${each}`);
  return result;
}

function write(replica, body) {
  const { position, hash } = headOf(replica, writer);
  const bytes = encodeRecord(body);
  const at = { writer, position: position + 1, hash: chainHash(hash, bytes) };
  applyRecord(replica, at, decodeRecord(bytes));
}

const known = new Map();
const replica = emptyReplica();
const member = { id: node, address: "localhost:1", label: "one", status: "up", version: 1 };
write(replica, {
  hlc: 1,
  controls: [
    { kind: "born", node, boot: 1 },
    { kind: "promise", before: 0, known },
    { kind: "member", member },
  ],
  plain: [],
  keyed: [],
});

const before = memory();
timed("encode, hash, decode and apply", keys, () => {
  for (let first = 0; first < keys; first += perRecord) {
    const keyed = [];
    for (let number = first; number < Math.min(keys, first + perRecord); number += 1) {
      const at = begin + Math.floor(number / 30);
      const value = BigInt(number);
      keyed.push({ counter, delta: 1n, key: keyOf(number), at, until: at + 1, value });
    }
    write(replica, { hlc: first + 2, controls: [], plain: [], keyed });
  }
});
const bytes = (memory() - before) / keys;
console.log(`${keyCount(replica)} keys take ${bytes.toFixed(0)} bytes each`);

timed("find a key", keys, () => {
  for (let number = 0; number < keys; number += 1) {
    const at = begin + Math.floor(number / 30);
    if (findKey(replica, { counter, key: keyOf(number), at }) === null) throw new Error("lost");
  }
});
timed("the value of their counter", 1, () => valueOf(replica, counter));
const pieces = timed("all pieces", keys, () => [...piecesOf(replica)]);
const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
console.log(`${pieces.length} pieces of ${(size / keys).toFixed(1)} bytes a key`);
timed("merge them into an empty replica", keys, () => {
  const other = emptyReplica();
  for (const piece of pieces) mergePiece(other, piece);
});
timed("merge them again", keys, () => {
  for (const piece of pieces) mergePiece(replica, piece);
});
timed("a reset of their counter", 1, () => {
  const position = headOf(replica, writer).position;
  const floor = floorNow(replica, counter, { writer, position });
  const controls = [{ kind: "reset", counter, floor }];
  write(replica, { hlc: keys + 2, controls, plain: [], keyed: [] });
});
write(replica, {
  hlc: keys + 3,
  controls: [{ kind: "promise", before: begin + keys, known }],
  plain: [],
  keyed: [],
});
timed("close a thousand", 1_000, () => closeKeys(replica, 1_000));
timed("close the rest", keys - 1_000, () => closeKeys(replica, Infinity));
console.log(`${keyCount(replica)} keys are left`);
