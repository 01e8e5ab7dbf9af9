/**
 * The rules of eventual mode, each with a way to remove it: see mutants.ts. Some rules are no
 * mutants here. In this simulation no two processes ever write one record, so nobody misses that a
 * chain with another hash is refused, or that a reply to a sync waits for what is under way to the
 * disk. That a sealed writer is not resumed is one of two rules that do (B1, B5), and a push that is
 * not taken is rare here. Tests of the core guard them.
 */
import { counterMutants } from "./mutants-of-eventual-counters.ts";
import { dataMutants } from "./mutants-of-eventual-data.ts";
import type { EventualMutant } from "./mutants-of-eventual-data.ts";

const writingMutants: readonly EventualMutant[] = [
  {
    name: "eventual-key-not-looked-up",
    rule: "a key that is known is answered, not counted (W3)",
    file: "accepting.ts",
    find: "  if (known !== null) {\n",
    replace: "  if (known !== null && s.tick < 0) {\n",
    expects: ["key-known"],
  },
  {
    name: "eventual-key-on-its-way-not-looked-up",
    rule: "a key that is on its way to the disk is answered with the first (W3)",
    file: "accepting.ts",
    find: "  if (pending !== undefined) {",
    replace: "  if (pending !== undefined && !isSameMeaning(pending.meaning, meaning)) {",
    expects: ["answer-fits", "key-known", "bounded"],
  },
  {
    name: "eventual-known-addition-written-again",
    rule: "an addition whose key became known while it waited is answered, not counted (W3)",
    file: "writing.ts",
    find: "    if (known !== null) {\n",
    replace: "    if (known !== null && s.tick < 0) {\n",
    expects: ["key-known"],
  },
  {
    name: "eventual-closed-key-accepted",
    rule: "a key older than our promise is refused: it may have been closed (W3, E11)",
    file: "accepting.ts",
    find: '  if (at < s.promisedBefore) return refused("key-expired");\n',
    replace: "",
    expects: ["key-known", "full-history"],
  },
  {
    name: "eventual-joiner-accepts-keys",
    rule: "a node accepts keys when it has its place among the others (M3)",
    file: "accepting.ts",
    find: '  if (!s.cluster.placed) return refused("starting");\n',
    replace: "",
    expects: ["full-history", "key-known", "converges"],
  },
  {
    name: "eventual-set-without-reset",
    rule: "a set takes away what is known (W4)",
    file: "acting.ts",
    find: '  performed.controls.push({ kind: "reset", ...floorOf(s, counter) });\n',
    replace: "",
    expects: ["answer-fits"],
  },
  {
    name: "eventual-applied-before-durable",
    rule: "an own record is applied and answered when it is on the disk (W2)",
    file: "eventual-core.ts",
    find: "    s.writing = { id: s.lastWrite, own, incoming };",
    replace: `    if (own !== null) {
      applyOwn(s, own);
      s.staged.delete(own.head.writer);
      s.announcing = false;
    }
    s.writing = { id: s.lastWrite, own: null, incoming };`,
    expects: ["durable-first", "claims-survive"],
  },
  {
    name: "eventual-received-applied-before-durable",
    rule: "what was received is applied when it is on the disk",
    file: "eventual-core.ts",
    find: "    s.writing = { id: s.lastWrite, own, incoming };",
    replace: `    for (const item of incoming) {
      applyIncoming(s, item);
      s.incomingBytes -= bytesOf(item);
    }
    s.writing = { id: s.lastWrite, own, incoming: [] };`,
    expects: ["claims-survive"],
  },
];

const bootMutants: readonly EventualMutant[] = [
  {
    name: "eventual-writer-by-address",
    rule: "a writer is random, and never the same for two processes (§3)",
    file: "boot.ts",
    find: "const writer = hexBits(s.random, 96);",
    replace: 'const writer = s.options.address.replace(/[^0-9]/g, "").padStart(24, "0");',
    expects: ["one-content", "core-exception", "durable-first"],
  },
  {
    name: "eventual-resumed-unasked",
    rule: "a writer is resumed with leave of all (B1)",
    file: "boot.ts",
    find: "silent.length === 0 && isRead",
    replace: "isRead",
    expects: ["one-content", "core-exception", "durable-first"],
  },
  {
    name: "eventual-promise-forgotten",
    rule: "a promise does not fall over a restart (K1)",
    file: "eventual-core.ts",
    find: "s.promisedBefore = Math.max(s.promisedBefore, before);",
    replace: "s.promisedBefore = Math.min(s.promisedBefore, before);",
    expects: ["key-known", "full-history"],
  },
  {
    name: "eventual-start-not-in-the-checkpoint",
    rule: "a checkpoint keeps the number of the start",
    file: "loading.ts",
    find: '  yield encodeEntry({ kind: "boot", boot: s.boot });\n',
    replace: "",
    expects: ["no-false-alarm"],
  },
  {
    name: "eventual-checkpoint-not-read",
    rule: "a checkpoint is read at the start (E6)",
    file: "loading.ts",
    find: "      applyPiece(s, entry.bytes);\n",
    replace: "",
    expects: ["claims-survive", "core-exception"],
  },
];

const exchangeMutants: readonly EventualMutant[] = [
  {
    name: "eventual-snapshot-without-its-tail",
    rule: "what the pieces of a snapshot are ahead of its heads comes with it (S1)",
    file: "staging.ts",
    find: "  const { writer, from, previous, records } = part.range;\n",
    replace:
      "  const { writer, from, previous } = part.range;\n  const records: Uint8Array[] = [];\n",
    expects: ["full-history", "equal-knowledge", "converges"],
  },
  {
    name: "eventual-overlap-applied",
    rule: "what is known already of a range is dropped (R1)",
    file: "receiving.ts",
    find: '      if (differs(s, range, position, hash)) return { code: "fork", writer };\n      continue;',
    replace: '      if (differs(s, range, position, hash)) return { code: "fork", writer };',
    expects: ["one-content", "core-exception", "durable-first"],
  },
  {
    name: "eventual-gap-not-noticed",
    rule: "records behind a gap are not taken (R1)",
    file: "receiving.ts",
    find: "  if (from > head.position + 1) return null; // a gap",
    replace: "  // a gap",
    expects: ["one-content", "core-exception", "durable-first"],
  },
  {
    name: "eventual-ack-before-durable",
    rule: "a push is acknowledged when it is on the disk",
    file: "requests.ts",
    find: '  if (write === 0) answer(s, exchange, { type: "ack", heads: headsFor(s, writers) });',
    replace: `  const early = writers.map((w) => s.staged.get(w) ?? headsFor(s, [w])[0]!);
  if (write >= 0) answer(s, exchange, { type: "ack", heads: early });`,
    expects: ["durable-first", "claims-survive"],
  },
  {
    name: "eventual-pushes-what-was-pushed",
    rule: "a pushed record is passed on by nobody (Y1, E16)",
    file: "syncing.ts",
    find: 'peer.filling = ask(s, peer.address, { type: "fill", ranges });',
    replace: 'peer.filling = ask(s, peer.address, { type: "push", ranges });',
    expects: ["no-echo"],
  },
  {
    name: "eventual-no-anti-entropy",
    rule: "what a push did not bring is repaired by syncs (Y2)",
    file: "begin-sync.ts",
    find: "  if (peer.node === s.options.node) return;\n  if (peer.syncing",
    replace: "  if (peer.node === s.options.node || peer.settled) return;\n  if (peer.syncing",
    expects: ["converges", "acknowledged-present"],
  },
  {
    name: "eventual-no-snapshots",
    rule: "what is not kept as records travels as a snapshot (Y3)",
    file: "syncing.ts",
    find: "  if (delta.snapshot) startTransfer(s, peer);\n",
    replace: "  if (delta.snapshot) peer.settled = true;\n",
    expects: ["converges"],
  },
  {
    name: "eventual-log-without-limit",
    rule: "records kept for others are limited (E15)",
    file: "applying.ts",
    find: "  while (s.retainedBytes > mostBytes) {",
    replace: "  while (s.retainedBytes > 1e9 + mostBytes) {",
    expects: ["bounded"],
  },
  {
    name: "eventual-message-without-limit",
    rule: "records in one message are limited (E15)",
    file: "retained-log.ts",
    find: "at <= this.last && records.length < limits.records;",
    replace: "at <= this.last;",
    expects: ["bounded"],
  },
];

export const eventualMutants: readonly EventualMutant[] = [
  ...counterMutants,
  ...dataMutants,
  ...writingMutants,
  ...bootMutants,
  ...exchangeMutants,
];
