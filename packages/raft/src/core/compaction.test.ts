import { InvariantError } from "../errors.ts";
import { sized, snapshotAt } from "../test-support/logs.ts";
import { append, chunk } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";

const ids = ["a", "b", "c"];
const fromB = { from: "b", to: "a", term: 2 } as const;

describe("compaction (§7, S1)", () => {
  function applied(): TestServer {
    return new TestServer({ stored: { log: "1 1 1 2 2 2", commitIndex: 5 } });
  }

  it.each([
    { retain: 0, first: 6, log: "2" },
    { retain: 2, first: 4, log: "2 2 2" },
    { retain: 4, first: 2, log: "1 1 2 2 2" },
    { retain: 5, first: 1, log: "1 1 1 2 2 2" },
    { retain: 99, first: 1, log: "1 1 1 2 2 2" },
  ])("with $retain entries kept behind a snapshot of 5, the log starts at $first", (row) => {
    const server = applied();
    server.saveSnapshot(row.retain);
    expect(server.status).toMatchObject({
      firstIndex: row.first,
      lastIndex: 6,
      snapshot: { index: 5, term: 2 },
    });
    expect(server.disk.log).toBe(row.log);
  });

  it("entries are kept up to 64 MiB, however few they are", () => {
    const server = new TestServer({ members: ["a"] });
    server.win();
    const megabyte = sized(2 ** 20);
    for (let at = 0; at < 66; at += 1) server.proposeBytes(megabyte);
    const { lastIndex } = server.status;
    server.saveSnapshot(60);
    expect(server.status.firstIndex).toBe(lastIndex - 59);
    server.propose(1);
    server.saveSnapshot(99);
    expect(server.status.firstIndex).toBe(lastIndex - 59); // what is gone is gone
    const fresh = new TestServer({ members: ["a"] });
    fresh.win();
    for (let at = 0; at < 66; at += 1) fresh.proposeBytes(megabyte);
    fresh.saveSnapshot(66);
    expect(fresh.status.firstIndex).toBe(lastIndex - 62); // 63 of them, with what they cost
  });

  it("an older snapshot than the newest changes nothing", () => {
    const server = applied();
    const old = snapshotAt("5@2", ids);
    server.receive(append({ ...fromB, prev: "6@2", commit: 6 }));
    server.saveSnapshot(1);
    const before = server.status;
    server.step({ type: "snapshotSaved", snapshot: old, retainEntries: 0 });
    expect(server.status).toEqual(before);
  });

  it("a restart finds the log behind its snapshot, whether entries were kept or not", () => {
    for (const retain of [0, 3]) {
      const server = applied();
      server.saveSnapshot(retain);
      const { state } = server;
      server.restart();
      expect(server.status).toMatchObject({ commitIndex: 5, lastIndex: 6, appliedIndex: 5 });
      expect(server.status.configuration.voters).toEqual(ids);
      expect(server.state).toEqual(state);
    }
  });

  it("a snapshot holds only what was applied, and is not ahead of the disk", () => {
    const server = applied();
    const save = (id: string) => () =>
      server.step({ type: "snapshotSaved", snapshot: snapshotAt(id, ids), retainEntries: 0 });
    expect(save("6@2")).toThrow(InvariantError);
    const behind = new TestServer();
    behind.holdDisk();
    behind.receive(append({ ...fromB, prev: "1@1", entries: "2", commit: 2 }));
    expect(behind.status).toMatchObject({ appliedIndex: 2, persistedIndex: 1 });
    expect(() => behind.saveSnapshot()).toThrow(InvariantError);
  });

  it("a stored log that does not reach its snapshot, or contradicts it, is refused", () => {
    const server = applied();
    server.disk.snapshot = { meta: snapshotAt("7@2", ids), bytes: [] };
    expect(() => server.restart()).toThrow(InvariantError);
    server.disk.snapshot = { meta: snapshotAt("5@1", ids), bytes: [] };
    expect(() => server.restart()).toThrow(InvariantError);
  });
});

describe("what a snapshot would stand for", () => {
  it("nothing, while nothing is applied", () => {
    expect(new TestServer().core.snapshotMeta()).toBeNull();
  });

  it("nothing, while an installed one waits to be restored", () => {
    const server = new TestServer();
    const snapshot = snapshotAt("5@2", ids);
    const message = chunk({ ...fromB, snapshot, offset: 0, data: [1], done: true });
    server.core.step({ type: "receive", message });
    server.core.step({ type: "persisted", write: server.core.ready().write!.id });
    expect(server.core.snapshotMeta()).toBeNull();
    server.core.step({ type: "applied", index: server.core.ready().restore!.index });
    expect(server.core.snapshotMeta()).toEqual(snapshot);
  });
});
