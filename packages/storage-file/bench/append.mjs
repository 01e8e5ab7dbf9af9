// Measures synced appends: `node packages/storage-file/bench/append.mjs` (build first).
//   --json         one line of JSON instead of a table
//   --sync MODE    pool, inline or adaptive (default: each of them)
//   --rounds N     batches a size; default 1000
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openFileStorage } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    sync: { type: "string" },
    rounds: { type: "string", default: "1000" },
  },
});
const modes = values.sync === undefined ? ["inline", "pool", "adaptive"] : [values.sync];
const rounds = Number(values.rounds);
const sizes = [1, 10, 100, 1000];
const data = new Uint8Array(64).fill(7);

function entriesFrom(first, count) {
  return Array.from({ length: count }, (_, i) => ({
    index: first + i,
    term: 1,
    kind: "command",
    data,
  }));
}

function quantile(sorted, q) {
  return Math.round(sorted[Math.floor((sorted.length - 1) * q)] * 10) / 10;
}

/** Microseconds from the call of `write` to its promise, one batch after the other. */
async function measure(sync, size) {
  const directory = await mkdtemp(join(tmpdir(), "storage-bench-"));
  const storage = await openFileStorage(directory, { sync, firstSegmentBytes: 16 * 1024 * 1024 });
  const took = [];
  let next = 1;
  // A run long enough for `adaptive` to settle comes first.
  for (let round = -100; round < rounds; round += 1) {
    const entries = entriesFrom(next, size);
    next += size;
    const start = performance.now();
    await storage.write({ hardState: null, entries, chunk: null });
    if (round >= 0) took.push((performance.now() - start) * 1000);
  }
  await storage.close();
  await rm(directory, { recursive: true });
  took.sort((a, b) => a - b);
  return { sync, entries: size, medianUs: quantile(took, 0.5), p99Us: quantile(took, 0.99) };
}

const results = [];
for (const sync of modes) {
  for (const size of sizes) results.push(await measure(sync, size));
}
if (values.json) {
  console.log(JSON.stringify({ benchmark: "append", entryBytes: data.length, rounds, results }));
} else {
  console.log("synced append of entries of 64 bytes, microseconds a batch");
  for (const { sync, entries, medianUs, p99Us } of results) {
    const median = String(medianUs).padStart(8);
    console.log(
      `${sync.padEnd(8)} ${String(entries).padStart(4)} entries  median ${median}  p99 ${p99Us}`,
    );
  }
}
