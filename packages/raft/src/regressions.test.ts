/** What was wrong once, and must not come back. */
import { bootstrap } from "./core/bootstrap.ts";
import { configurationOf, configurationProblem } from "./core/configuration.ts";
import { RaftCore } from "./index.ts";
import type { RaftNode, RaftOptions } from "./index.ts";
import { raftOptionsOf } from "./node/starting.ts";
import { ListMachine, quick, startAlone, startHost, stopAll } from "./test-support/host.ts";
import { MemoryStorage } from "./index.ts";
import { members, stored } from "./test-support/logs.ts";
import { append, readResponse } from "./test-support/messages.ts";
import { ScriptedTransport } from "./test-support/scripted-transport.ts";
import { TestServer, testOptions } from "./test-support/server.ts";
import { FaultyStorage } from "./test-support/storages.ts";

afterEach(stopAll);

const fromB = { from: "b", to: "a", term: 2 } as const;

describe("a Ready belongs to whoever took it", () => {
  it("what happens later does not show in it", () => {
    const core = new RaftCore({ ...testOptions, id: "a" }, stored({ log: "1" }, ["a", "b", "c"]));
    const ready = core.ready();
    core.step({ type: "read", context: 1 });
    core.step({ type: "campaign" });
    expect(ready).toMatchObject({ outcomes: [], messages: [], notes: [] });
  });
});

describe("an observer", () => {
  it("sees every input and every Ready, in order: a recording of them replays the run", async () => {
    const options: RaftOptions = raftOptionsOf({
      id: "a",
      members: members("a"),
      stateMachine: new ListMachine(),
      storage: new MemoryStorage(),
      transport: new ScriptedTransport(),
      raft: { ...quick.raft, seed: 42 },
    });
    const { node, watch, machine } = await startAlone({ raft: { seed: 42 } });
    await Promise.all([1, 2, 3].map((byte) => node.propose(Uint8Array.of(byte))));
    await node.read(() => machine.bytes);
    await node.takeSnapshot();
    await node.stop();
    const replayed = new RaftCore(options, bootstrap(members("a")));
    expect(watch.seen.length).toBeGreaterThan(10);
    for (const seen of watch.seen) {
      if ("input" in seen) replayed.step(seen.input);
      else expect(replayed.ready()).toEqual(seen.ready);
    }
    expect(replayed.status()).toEqual({ ...replayed.status(), ...corePart(node) });
  });

  function corePart(node: RaftNode<number>): object {
    const { leaderSilentMs, pendingProposals, pendingReads, fatal, ...core } = node.status();
    expect([pendingProposals, pendingReads, fatal, leaderSilentMs]).toEqual([0, 0, null, null]);
    return core;
  }
});

describe("committedMaxBytes is the most that is handed out and not applied", () => {
  it("a second batch has room only for what the first has left", () => {
    const server = new TestServer({ committedMaxBytes: 60 }); // an entry of one byte costs 25
    server.receive(append({ ...fromB, prev: "1@1", commit: 1 }));
    server.applyingHeld = true;
    server.receive(append({ ...fromB, prev: "1@1", entries: "2 2 2 2", commit: 5 }));
    const handedOut = server.heldBatches.flat().reduce((sum) => sum + 25, 0);
    expect(handedOut).toBeLessThanOrEqual(60);
  });
});

describe("a voter is named once", () => {
  it.each(["voters", "outgoing"] as const)("in %s: it would count twice", (half) => {
    const three = configurationOf(members("a", "b", "c"));
    const doubled = { ...three, [half]: ["a", "a", "b"] };
    expect(configurationProblem(doubled)).not.toBeNull();
  });

  it("and every member has a part", () => {
    const three = configurationOf(members("a", "b", "c"));
    expect(configurationProblem({ ...three, voters: ["a", "b"] })).not.toBeNull();
  });
});

describe("request ids of another start are other ids", () => {
  it("an answer to a read from before a restart does not answer a read after it", () => {
    const server = new TestServer({ seed: 2 });
    const readOnce = (context: number): number => {
      server.receive(append({ ...fromB, prev: "1@1" }));
      server.step({ type: "read", context });
      return server.takeOf("readIndexRequest")[0]!.context;
    };
    const before = readOnce(1);
    server.restart(3); // "another one for every server and start"
    readOnce(2);
    server.receive(readResponse({ ...fromB, context: before, index: 1 }));
    expect(server.takeOutcomes()).toEqual([]);
  });
});

describe("a full disk with two writes in flight", () => {
  it("does not let a later write overtake the one that was refused", async () => {
    const storage = new FaultyStorage();
    const raft = { inflightMaxWrites: 2, electionTimeoutTicks: 2, heartbeatTicks: 1 };
    const { node } = await startAlone({ storage, raft, tickMs: 40 });
    const full = Object.assign(new Error("no space left"), { code: "STORAGE_FULL" });
    const begun = storage.writes;
    storage.failing.set("write", full);
    const first = node.propose(Uint8Array.of(1));
    while (storage.writes === begun) await new Promise((resolve) => setImmediate(resolve));
    storage.failing.clear();
    const second = node.propose(Uint8Array.of(2));
    expect(await Promise.all([first, second])).toMatchObject([{ result: 1 }, { result: 2 }]);
    await node.stop();
  });
});

describe("a write that found the disk full", () => {
  it("is tried again with the ticks, not with everything that happens", async () => {
    const storage = new FaultyStorage();
    const { node } = await startAlone({ storage, tickMs: 200 });
    const full = Object.assign(new Error("no space left"), { code: "STORAGE_FULL" });
    storage.failing.set("write", full);
    const begun = storage.writes;
    const proposals: Promise<unknown>[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      proposals.push(node.propose(Uint8Array.of(turn)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(storage.writes - begun).toBeLessThanOrEqual(2); // the first try, and a tick at most
    storage.failing.clear();
    expect(await Promise.all(proposals)).toHaveLength(50);
    await node.stop();
  });
});

describe("snapshots are taken one at a time", () => {
  it("also when several batches wait behind a restore", async () => {
    const inner = new MemoryStorage();
    const before = await startAlone({ storage: inner });
    for (let byte = 0; byte < 10; byte += 1) {
      await before.node.propose(Uint8Array.of(byte));
      if (byte === 0) await before.node.takeSnapshot();
    }
    await before.node.stop();
    const storage = new FaultyStorage(inner);
    const { node, watch } = await startHost("a", ["a"], {
      storage,
      snapshots: { everyEntries: 2 },
      raft: { committedMaxBytes: 60 },
    });
    await watch.until(() => node.status().appliedIndex >= 12);
    await node.stop();
    expect(storage.mostSnapshotsAtOnce).toBe(1);
  });
});

describe("a state machine that cannot give its snapshot", () => {
  const wrong = new Error("a bug of the embedder");
  it("stops the node even if it throws at once: nobody would hear of it", async () => {
    class Unsnapshottable extends ListMachine {
      override snapshot(): Iterable<Uint8Array> {
        throw wrong;
      }
    }
    const machine = new Unsnapshottable();
    const { node, watch } = await startAlone({ machine, snapshots: { everyEntries: 2 } });
    for (let byte = 0; byte < 10 && watch.fatal === null; byte += 1) {
      await node.propose(Uint8Array.of(byte)).catch(() => undefined);
    }
    expect(watch.fatal).toBe(wrong);
  });
});
