import { members } from "../test-support/logs.ts";
import { configurationOf, encodeConfiguration } from "./configuration.ts";
import { ack, append } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";
import { InvariantError } from "../errors.ts";

const fromB = { from: "b", to: "a" } as const;

function follower(log: string, options: Partial<{ commitIndex: number; term: number }> = {}) {
  return new TestServer({ stored: { log, ...options } });
}

describe("what a follower takes (§5.3, A1, A2)", () => {
  it.each([
    { log: "1 1", prev: "2@1", entries: "2", becomes: "1 1 2", answer: "ack 3" },
    { log: "1 1", prev: "2@1", entries: "", becomes: "1 1", answer: "ack 2" },
    { log: "1 1 2", prev: "2@1", entries: "2", becomes: "1 1 2", answer: "ack 3" },
    { log: "1 1 2 2", prev: "2@1", entries: "2", becomes: "1 1 2 2", answer: "ack 3" },
    { log: "1 1 2 2", prev: "2@1", entries: "3", becomes: "1 1 3", answer: "ack 3" },
    { log: "1 1 2 2", prev: "2@1", entries: "2 3", becomes: "1 1 2 3", answer: "ack 4" },
    { log: "1 1 2 2", prev: "2@1", entries: "", becomes: "1 1 2 2", answer: "ack 2" },
    { log: "1 1 2 2", prev: "0@0", entries: "", becomes: "1 1 2 2", answer: "ack 0" },
    { log: "1", prev: "3@1", entries: "2", becomes: "1", answer: "reject 3 hint=1@1" },
    { log: "1 1 2", prev: "3@1", entries: "2", becomes: "1 1 2", answer: "reject 3 hint=2@1" },
    { log: "1 3 3", prev: "3@2", entries: "4", becomes: "1 3 3", answer: "reject 3 hint=1@1" },
    { log: "1 2 2", prev: "3@3", entries: "4", becomes: "1 2 2", answer: "reject 3 hint=3@2" },
  ])("[$log] is sent [$entries] after $prev: [$becomes], $answer", (row) => {
    const server = follower(row.log, { term: 4 });
    server.receive(append({ ...fromB, term: 4, prev: row.prev, entries: row.entries }));
    expect(server.disk.log).toBe(row.becomes);
    expect(server.takeLines()).toEqual([`a -> b  t4  ${row.answer}`]);
  });

  it("a late message does not cut off what a newer one brought (A2)", () => {
    const server = follower("1 1");
    const first = append({ ...fromB, term: 2, prev: "2@1", entries: "2" });
    const second = append({ ...fromB, term: 2, prev: "3@2", entries: "2 2" });
    server.receive(first, second, first, first);
    expect(server.disk.log).toBe("1 1 2 2 2");
    expect(server.takeLines().at(-1)).toBe("a -> b  t2  ack 3");
  });

  it("the entries of an old leader are refused with our term", () => {
    const server = follower("1 1", { term: 5 });
    server.receive(append({ ...fromB, term: 4, prev: "2@1", entries: "4" }));
    expect(server.disk.log).toBe("1 1");
    expect(server.takeLines()).toEqual(["a -> b  t5  reject 2 hint=0@0"]);
    expect(server.status.leaderId).toBeNull();
  });

  it("a configuration that is truncated is not in force any more (C1)", () => {
    const server = follower("1 1");
    const configuration = configurationOf(members("a", "b", "c", "d"));
    const data = encodeConfiguration(configuration);
    const entries = [{ index: 3, term: 2, kind: "configuration", data }] as const;
    server.receive(append({ ...fromB, term: 2, prev: "2@1", entries }));
    expect(server.status).toMatchObject({ configurationIndex: 3, configuration });
    server.receive(append({ ...fromB, term: 3, prev: "2@1", entries: "3" }));
    expect(server.status.configurationIndex).toBe(1);
    expect(server.status.configuration.voters).toEqual(["a", "b", "c"]);
    server.restart();
    expect(server.status.configuration.voters).toEqual(["a", "b", "c"]);
  });

  it("truncation is told, with its range", () => {
    const server = follower("1 1 2 2");
    server.receive(append({ ...fromB, term: 3, prev: "2@1", entries: "3" }));
    expect(server.notes).toContainEqual({ type: "truncated", from: 3, through: 4 });
  });
});

describe("a committed entry is never replaced (A3)", () => {
  it("what is committed is skipped: it matches, whatever the message begins with", () => {
    const server = follower("1 1 2 2", { commitIndex: 3 });
    server.receive(append({ ...fromB, term: 3, prev: "1@1", entries: "1 2 3" }));
    expect(server.disk.log).toBe("1 1 2 3");
    expect(server.takeLines()).toEqual(["a -> b  t3  ack 4"]);
  });

  it("a message about what is committed is answered with how far we are", () => {
    const server = follower("1 1 2 2", { commitIndex: 3 });
    server.receive(append({ ...fromB, term: 3, prev: "0@0" }));
    server.receive(append({ ...fromB, term: 3, prev: "1@1", entries: "1" }));
    expect(server.takeLines()).toEqual(["a -> b  t3  ack 3", "a -> b  t3  ack 3"]);
  });

  it("what is compacted counts as matching", () => {
    const server = follower("1 1 2 2", { commitIndex: 4 });
    server.saveSnapshot();
    expect(server.status.firstIndex).toBe(5);
    server.receive(append({ ...fromB, term: 3, prev: "1@1", entries: "1 2 2 3" }));
    expect(server.disk.log).toBe("3");
    expect(server.takeLines()).toEqual(["a -> b  t3  ack 5"]);
  });
});

describe("what a follower knows as committed (A4)", () => {
  it.each([
    { log: "1 1", prev: "2@1", entries: "2 2", commit: 3, commits: 3, because: "leader says so" },
    { log: "1 1", prev: "2@1", entries: "2 2", commit: 9, commits: 4, because: "its log ends" },
    { log: "1 1 1", prev: "1@1", entries: "", commit: 9, commits: 1, because: "rest unverified" },
    { log: "1 1 1", prev: "0@0", entries: "", commit: 9, commits: 0, because: "0@0 says nothing" },
    { log: "1 1 1", prev: "1@1", entries: "1", commit: 9, commits: 2, because: "3 is unverified" },
    { log: "1 1 1", prev: "5@2", entries: "", commit: 5, commits: 0, because: "it was rejected" },
  ])("[$log], [$entries] after $prev, leader at $commit: $commits, $because", (row) => {
    const server = follower(row.log, { term: 2 });
    const { prev, entries, commit } = row;
    server.receive(append({ ...fromB, term: 2, prev, entries, commit }));
    expect(server.status.commitIndex).toBe(row.commits);
    expect(server.applied.map(({ index }) => index)).toEqual(
      [...Array(row.commits).keys()].map((at) => at + 1),
    );
  });

  it("never goes back, and nothing is applied twice", () => {
    const server = follower("1 1 1");
    for (const commit of [3, 1, 2, 3]) {
      server.receive(append({ ...fromB, term: 2, prev: "3@1", commit }));
      expect(server.status.commitIndex).toBe(3);
    }
    server.receive(append({ ...fromB, term: 2, prev: "3@1", entries: "2", commit: 1 }));
    expect(server.status).toMatchObject({ commitIndex: 3, lastIndex: 4 });
    expect(server.applied).toHaveLength(3);
  });
});

describe("handing out what is committed", () => {
  const four = { ...fromB, term: 2, prev: "1@1", entries: "2 2 2", commit: 4 };
  const given = (server: TestServer): number[][] =>
    server.heldBatches.map((batch) => batch.map(({ index }) => index));

  it.each([
    { committedMaxBytes: 1, batches: [[2], [3], [4]], because: "one entry is always given" },
    { committedMaxBytes: 50, batches: [[2, 3], [4]], because: "two entries have 50 bytes" },
    { committedMaxBytes: 49, batches: [[2], [3], [4]], because: "two entries have 50 bytes" },
    { committedMaxBytes: 999, batches: [[2, 3, 4]], because: "there is room for all" },
  ])("$committedMaxBytes bytes at a time: $batches, $because", (row) => {
    const server = new TestServer({ committedMaxBytes: row.committedMaxBytes });
    server.receive(append({ ...fromB, term: 2, prev: "1@1", commit: 1 }));
    server.applyingHeld = true;
    server.receive(append(four));
    const batches: number[][] = [];
    for (; server.heldBatches.length > 0; server.applyHeld()) batches.push(given(server)[0]!);
    expect(batches).toEqual(row.batches);
  });

  it("waits for the state machine: a slow one does not make a queue grow", () => {
    const server = new TestServer({ committedMaxBytes: 1 });
    server.receive(append({ ...fromB, term: 2, prev: "1@1", commit: 1 }));
    server.applyingHeld = true;
    server.receive(append(four));
    expect(given(server)).toEqual([[2]]);
    expect(server.core.hasReady()).toBe(false);
    expect(server.status).toMatchObject({ commitIndex: 4, appliedIndex: 1 });
    server.applyHeld();
    expect(given(server)).toEqual([[3]]);
    expect(server.status.appliedIndex).toBe(2);
  });
});

describe("what the host reports as applied", () => {
  it("can only be what was handed out", () => {
    const server = follower("1 1 1");
    expect(() => server.step({ type: "applied", index: 1 })).toThrow(InvariantError);
  });
});

describe("a term has one leader (§5.2)", () => {
  it("another leader in our own term is a bug, not a message", () => {
    const server = new TestServer();
    server.win();
    const impossible = append({ ...fromB, term: 2, prev: "1@1" });
    expect(() => server.receive(impossible)).toThrow(InvariantError);
  });

  it("an ack beyond our log is a bug", () => {
    const server = new TestServer();
    server.win();
    const impossible = ack({ ...fromB, term: 2, index: 3 });
    expect(() => server.receive(impossible)).toThrow(InvariantError);
  });
});
