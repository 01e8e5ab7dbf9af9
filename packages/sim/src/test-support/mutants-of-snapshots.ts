/**
 * Rules of snapshots and compaction. Those about the moment in which the last chunk is on its way to
 * the disk are guarded by `snapshot-receiving.test.ts`: it takes too many seeds to get there.
 */
import type { Mutant } from "./mutant.ts";

export const snapshotMutants: readonly Mutant[] = [
  {
    name: "snapshot-forgets-the-configuration",
    rule: "a snapshot brings its configuration along (§7; S3)",
    file: "snapshotting.ts",
    find: "    configuration: snapshot.configuration,\n  });",
    replace: "    configuration: { ...snapshot.configuration, voters: [], members: [] },\n  });",
    expects: ["configuration-in-force", "liveness", "core-exception", "committed-durable"],
  },
  {
    name: "snapshot-takes-a-server-back",
    rule: "a snapshot that is not ahead of the commit index is not installed (S4)",
    file: "snapshotting.ts",
    find: "  if (snapshot.index <= s.commitIndex) {",
    replace: "  if (snapshot.index <= s.appliedIndex - 1_000_000) {",
    expects: ["core-exception", "no-regress", "log-without-gaps"],
  },
  {
    name: "snapshot-answered-before-durable",
    rule: "a chunk is on the disk before it is answered (S2)",
    file: "snapshotting.ts",
    find: `  sendOncePersisted(s, {
    type: "installSnapshotResponse",
    from: s.id,
    to: m.from,`,
    replace: `  send(s, {
    type: "installSnapshotResponse",
    from: s.id,
    to: m.from,`,
    expects: ["vouched-durable"],
  },
  {
    name: "compacted-beyond-the-snapshot",
    rule: "the log is compacted only behind a snapshot that is durable (S1)",
    file: "snapshotting.ts",
    find: "  const through = compactionIndex(s, snapshot.index, retain);",
    replace:
      "  const through = Math.max(s.appliedIndex, compactionIndex(s, snapshot.index, retain));",
    expects: ["log-without-gaps", "core-exception"],
  },
  {
    name: "appends-during-an-install",
    rule: "while the last chunk is on its way to the disk the log takes no entries (S3)",
    file: "appending.ts",
    find: `  if (s.receiving?.complete === true) {
    return note(s, { type: "dropped", message: m, why: "a snapshot is being installed" });
  }
  const verified`,
    replace: "  const verified",
    expects: ["core-exception", "log-without-gaps", "vouched-durable", "committed-durable"],
  },
  {
    name: "chunks-of-two-snapshots-mixed",
    rule: "a chunk continues its own transfer and no other (S2)",
    file: "snapshotting.ts",
    find: "    receiving.snapshot.index === chunk.snapshot.index &&\n    receiving.snapshot.term === chunk.snapshot.term\n",
    replace: "    receiving.snapshot.term <= chunk.snapshot.term\n",
    expects: ["log-without-gaps", "equal-state", "vouched-durable"],
  },
  {
    name: "snapshots-to-everybody-at-once",
    rule: "a leader sends few snapshots at a time (S5)",
    file: "snapshotting.ts",
    find: "  let free = s.options.snapshotTransfersMax;",
    replace: "  let free = Infinity;",
    expects: ["bounded"],
  },
  {
    name: "snapshots-without-pace",
    rule: "a leader sends snapshots at a bounded pace (S6)",
    file: "snapshotting.ts",
    find: "  while (s.snapshotBytesLeft > 0) {",
    replace: "  for (;;) {",
    expects: ["bounded"],
  },
  {
    name: "stalled-transfer-keeps-its-place",
    rule: "a transfer that does not move makes room for one that waits (S7)",
    file: "snapshotting.ts",
    find: "  if (snapshot.heartbeatsStalled > timeout * stallTimeouts && isRoomWanted(s, role)) {",
    replace: "  if (snapshot.heartbeatsStalled > Infinity && isRoomWanted(s, role)) {",
    expects: ["bounded"],
  },
];
