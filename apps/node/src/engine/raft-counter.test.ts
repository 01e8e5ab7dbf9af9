/** The engine on a real Raft node, alone and in memory. */
import { MemoryNetwork, MemoryStorage, RaftNode } from "@counter/raft";
import {
  CounterMachine,
  encodeRestorePart,
  LogClock,
  plainConfig,
  StageDigest,
  type CounterOperation,
} from "@counter/state-machine";

import { Digests } from "./digests.ts";
import type { ReadLevel } from "./engine.ts";
import { RaftCounter } from "./raft-counter.ts";
import type { BatchResults } from "./raft-host.ts";

const id = "127.0.0.1:1";
let raft: RaftNode<BatchResults>;
let engine: RaftCounter;

beforeEach(async () => {
  const digests = new Digests();
  const machine = new CounterMachine({ digestDue: digests.take });
  raft = await RaftNode.start<BatchResults>({
    id,
    members: [{ id, address: id }],
    stateMachine: machine,
    storage: new MemoryStorage(),
    transport: new MemoryNetwork().transport(id),
    observer: { onApplied: () => engine.applied() },
    leases: {},
  });
  engine = new RaftCounter({
    node: raft,
    machine,
    leadership: { leading: true, leaderId: id },
    clusterId: "c1",
    clock: new LogClock(),
    digests,
    address: id,
    reaches: () => true,
    applyTimeoutMs: 30_000,
    idempotencyWindowMs: 3_600_000,
    idempotencyMax: 100,
    maxCounters: 100,
    sessionTimeoutMs: 3_600_000,
    sessionsMax: 2,
  });
  await raft.waitForLeader();
});
afterEach(() => raft.stop());

const once = { condition: null, key: null } as const;
const add = (delta: bigint, counter: string = "c"): CounterOperation => {
  return { type: "add", counter, delta, times: 1, onBound: null, ...once };
};
const create = (counter: string): CounterOperation => {
  return { type: "create", counter, config: { ...plainConfig, max: 5n }, ...once };
};
const level = (consistency: ReadLevel["consistency"]): ReadLevel => {
  return { consistency, maxStalenessMs: null, atLeast: null };
};

test.each(["linearizable", "lease", "leader", "local"] as const)(
  "a %s read shows the counter and the version of the state",
  async (consistency) => {
    await engine.write(create("c"));
    const done = await engine.write(add(3n));
    const read = await engine.read({ counter: "c", ...level(consistency) });
    expect(read).toMatchObject({
      counter: { value: 3n, max: 5n, revision: done.revision, epoch: 0 },
      version: { epoch: 0, revision: done.revision },
    });
    expect((await engine.read({ counter: "d", ...level(consistency) })).counter).toBeNull();
  },
);

test("a refusal says how the counter is", async () => {
  await engine.write(create("c"));
  await expect(engine.write(add(6n))).rejects.toMatchObject({
    code: "bound-exceeded",
    refusal: { current: 0n, max: 5n, currentVersion: { epoch: 0, revision: 1 } },
  });
});

test("many at once are all done or none, or each by itself in order", async () => {
  const operations = [create("c"), add(5n), add(1n), add(-2n)];
  await expect(engine.writeAll(operations, { atomic: true })).rejects.toMatchObject({
    code: "bound-exceeded",
    refusal: { index: 2 },
  });
  const each = await engine.writeAll(operations, { atomic: false });
  expect(each.map(({ status }) => status)).toEqual(["ok", "ok", "refused", "ok"]);
  const group = await engine.writeAll([add(1n), add(-4n)], { atomic: true });
  expect(group.map((one) => one.status === "ok" && one.value)).toEqual([4n, 0n]);
  expect(await engine.writeAll([], { atomic: true })).toEqual([]);
});

test("a list goes on page by page", async () => {
  for (const name of ["b", "a2", "a1", "c"]) await engine.write(add(1n, name));
  const page = { prefix: "a", limit: 1, ...level("linearizable") };
  const first = await engine.list({ ...page, after: null });
  expect(first.counters.map(({ name }) => name)).toEqual(["a1"]);
  const second = await engine.list({ ...page, after: first.after });
  expect(second.counters.map(({ name }) => name)).toEqual(["a2"]);
  expect(second.after).toBeNull();
});

test("a read waits for what its token has seen, and only as long as it is told to", async () => {
  const { epoch, revision } = await engine.write(add(1n));
  const token = engine.tokens.decode(engine.tokens.encode({ epoch, revision: revision + 1 }));
  const local = level("local");
  const early = engine.read({ counter: "c", ...local, atLeast: { token, waitMs: 0 } });
  await expect(early).rejects.toMatchObject({ code: "NOT_YET_CONSISTENT" });
  const waiting = engine.read({ counter: "c", ...local, atLeast: { token, waitMs: 30_000 } });
  await engine.write(add(1n));
  expect((await waiting).counter?.value).toBe(2n);
});

test("after a restore, tokens from before it are foreign", async () => {
  const { epoch, revision } = await engine.write(add(7n));
  const backup = await engine.backup();
  const data = encodeRestorePart([...backup.counters]);
  const digest = new StageDigest();
  digest.add(data);
  const stage = "s";
  await engine.restore({ type: "restore-begin", stage, ...digest.announced, key: null });
  await engine.restore({ type: "restore-part", stage, part: 0, data });
  const restored = await engine.restore({ type: "restore-commit", stage, key: null });
  expect(restored).toMatchObject({ status: "ok", previous: 0n, value: 1n, epoch: 1 });
  const atLeast = { token: { epoch, revision }, waitMs: 30_000 };
  for (const consistency of ["linearizable", "local"] as const) {
    const read = engine.read({ counter: "c", ...level(consistency), atLeast });
    await expect(read).rejects.toMatchObject({ code: "TOKEN_FOREIGN" });
  }
  const read = await engine.read({ counter: "c", ...level("linearizable") });
  expect(read.counter).toMatchObject({ value: 7n, epoch: 1 });
});

test("a digest is of the state at its index, and the last ones are remembered", async () => {
  await engine.write(add(1n));
  const first = await engine.makeDigest();
  expect(first).toMatchObject({ index: raft.status().lastIndex });
  await engine.write(add(1n));
  const second = await engine.makeDigest();
  expect(second.digest).not.toBe(first.digest);
  expect(engine.digests()).toEqual([first, second]);
});

test("what is said to be in the cluster's newest state and is not, is of another one", async () => {
  await engine.write(add(1n));
  const atLeast = { token: { epoch: 0, revision: 99 }, waitMs: 30_000 };
  const read = engine.read({ counter: "c", ...level("linearizable"), atLeast });
  await expect(read).rejects.toMatchObject({ code: "TOKEN_FOREIGN" });
});

test("what is written under a key is answered again, a refusal too", async () => {
  const key = { key: "k", fingerprint: new Uint8Array(16) };
  const keyed: CounterOperation = { type: "delete", counter: "c", condition: null, key };
  await expect(engine.write(keyed)).rejects.toMatchObject({ refusal: { replayed: false } });
  await engine.write(add(1n));
  await expect(engine.write(keyed)).rejects.toMatchObject({
    code: "counter-not-found",
    refusal: { replayed: true },
  });
});

test("operations of one turn share a command of the log", async () => {
  const before = raft.status().lastIndex;
  await Promise.all(Array.from({ length: 50 }, (_, at) => engine.write(add(BigInt(at % 2)))));
  expect(raft.status().lastIndex).toBe(before + 1);
});
