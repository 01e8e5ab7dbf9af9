import type { Note, Outcome, RefusedWhy } from "@counter/eventual";

import { EventualWatch } from "./eventual-watch.ts";
import { logTo } from "../test-support/log-lines.ts";

const own = "0".repeat(32);
const peer = "127.0.0.1:2";
const node = "1".repeat(32);
let lines: string[];
let nowMs: number;
let watch: EventualWatch;

beforeEach(() => {
  lines = [];
  nowMs = 0;
  watch = new EventualWatch({
    log: logTo(lines),
    dataDir: "data/n1",
    now: () => nowMs,
  });
  watch.begin(own);
});

function see(notes: readonly Note[], outcomes: readonly Outcome[] = []): void {
  watch.observer.onReady?.({ write: null, messages: [], outcomes, notes, changes: null });
}

describe("what is told", () => {
  const member = { id: node, address: peer, label: "n2", status: "up", version: 1 } as const;
  it.each<{ note: Note; says: readonly string[] }>([
    {
      note: { type: "writer", writer: "ab", how: "minted", why: "new" },
      says: ["info: begins a new writer"],
    },
    {
      note: { type: "writer", writer: "ab", how: "resumed", why: "known" },
      says: ["info: goes on with its writer"],
    },
    {
      note: { type: "peer", address: peer, node, up: true, why: "it answers" },
      says: [`info: ${peer} is up`],
    },
    {
      note: { type: "peer", address: peer, node, up: false, why: "silent" },
      says: [`warn: ${peer} is down`],
    },
    { note: { type: "cluster", id: "c1", why: "met" }, says: ["info: belongs to the cluster c1"] },
    {
      note: { type: "snapshot", peer, direction: "in", what: "begun" },
      says: [`info: snapshot from ${peer}: begun`],
    },
    { note: { type: "member", member }, says: [`info: n2 at ${peer} is a member now`] },
    { note: { type: "member", member: { ...member, status: "joining" } }, says: [] },
    { note: { type: "member", member: { ...member, id: own } }, says: [] },
    {
      note: { type: "conflict", counter: "default", key: "k" },
      says: [
        "warn: one Idempotency-Key stands for different additions; the first counts on all nodes",
      ],
    },
    { note: { type: "mustStop", why: "removed" }, says: [] },
    {
      note: { type: "duplicateIdentity", node: own },
      says: ["error: a later process runs as this very node"],
    },
    { note: { type: "keysClosed", before: 1, keys: 3 }, says: [] },
    { note: { type: "ready" }, says: [] },
  ])("$note.type", ({ note, says }) => {
    see([note]);
    expect(lines).toEqual(says);
  });

  test("a fork is an alarm that says what to do", () => {
    see([{ type: "fork", peer, writer: "ab" }]);
    expect(lines).toEqual([expect.stringMatching(/^error: .* stay: docs\/runbooks\/alerts\.md$/)]);
  });
});

describe("what would fill the log", () => {
  const refusedBy = (why: RefusedWhy): void => see([{ type: "refusedBy", peer, why }]);

  test("a refusal that stays is told now and then, until the peer is up", () => {
    for (let times = 0; times < 5; times += 1) refusedBy({ code: "removed" });
    expect(lines).toHaveLength(1);
    nowMs = 10_000;
    refusedBy({ code: "removed" });
    expect(lines).toHaveLength(2);
    see([{ type: "peer", address: peer, node, up: true, why: "it answers" }]);
    refusedBy({ code: "removed" });
    expect(lines).toHaveLength(4);
  });

  test("nodes that have just met may disagree about the cluster for a moment", () => {
    refusedBy({ code: "foreign-cluster" });
    nowMs = 2999;
    refusedBy({ code: "foreign-cluster" });
    expect(lines).toEqual([]);
    nowMs = 3000;
    refusedBy({ code: "foreign-cluster" });
    expect(lines).toEqual([expect.stringContaining("belongs to another cluster")]);
  });

  test("keys that are refused are counted", () => {
    const outcome = { type: "refused", context: 1, reason: "too-many-keys" } as const;
    see(
      [],
      Array.from({ length: 1000 }, () => outcome),
    );
    see([], [{ type: "refused", context: 2, reason: "value-out-of-range" }]);
    expect(lines).toEqual([
      "warn: refused an Idempotency-Key: --idempotency-max are remembered; keepsKeys in /status says who keeps them",
    ]);
  });

  test("what was replayed in a burst is one line", () => {
    for (const records of [1256, 256, 4]) {
      see([{ type: "replayed", peer, direction: "out", records, bytes: 10 }]);
    }
    expect(lines).toEqual([]);
    watch.end();
    expect(lines).toEqual([`info: replayed 1516 records to ${peer}`]);
  });

  test("a few records are news when the peer was away, and otherwise on two roads at once", () => {
    const replay = { type: "replayed", peer, direction: "in", records: 1, bytes: 10 } as const;
    see([{ type: "peer", address: peer, node, up: true, why: "it answers" }, replay]);
    watch.end();
    expect(lines).toEqual([`info: ${peer} is up`, `info: replayed 1 record from ${peer}`]);
    nowMs = 10_000;
    see([replay]);
    watch.end();
    expect(lines).toHaveLength(2);
  });

  const about = { type: "failed", peer, kind: "push", message: "", count: 1 } as const;
  const failed = { ...about, reason: null };

  test.each([
    { ...failed, code: "REPLICA_REFUSED", reason: "unauthenticated" },
    { ...failed, code: "REPLICA_UNVERIFIED" },
  ] as const)("a secret that is not shared is told: $code", (event) => {
    watch.onTransport(event);
    expect(lines).toEqual([
      `warn: ${peer} does not share our secret: give all nodes the same --peer-secret-file`,
    ]);
  });

  test("why other exchanges fail is only for those who look for it", () => {
    watch.onTransport({ ...failed, code: "REPLICA_TIMEOUT" });
    watch.onTransport({ type: "refused", from: null, code: "not-ready", message: "", count: 1 });
    expect(lines).toEqual([]);
    const refused = { type: "refused", from: "10.0.0.1", message: "", count: 1 } as const;
    watch.onTransport({ ...refused, code: "unauthenticated" });
    expect(lines).toEqual(["warn: refused a request of a peer at 10.0.0.1"]);
  });
});

test("a full disk is told, and that there is room again", () => {
  watch.onEvent({ type: "storageFull", full: true });
  watch.onEvent({ type: "storageFull", full: false });
  watch.onEvent({ type: "ready" });
  expect(lines).toEqual([
    expect.stringMatching(/^error: the disk is full/),
    "info: there is room on the disk again",
  ]);
});
