import { MemoryStorage, OutcomeUnknownError, RaftNode, StoppedError } from "../index.ts";
import {
  HostCluster,
  ListMachine,
  quick,
  rejectionOf,
  startAlone,
  startHost,
  stopAll,
} from "../test-support/host.ts";
import { members } from "../test-support/logs.ts";
import { ScriptedTransport } from "../test-support/scripted-transport.ts";
import { FaultyStorage } from "../test-support/storages.ts";
import { bootstrap } from "../core/bootstrap.ts";
import { raftOptionsOf } from "./starting.ts";

const one = Uint8Array.of(1);

afterEach(stopAll);

describe("starting", () => {
  const parts = {
    ...quick,
    id: "a",
    members: members("a", "b", "c"),
    stateMachine: new ListMachine(),
    transport: new ScriptedTransport(),
  };

  it("an empty storage gets the first configuration, the same on every server", async () => {
    const storage = new MemoryStorage();
    const node = await RaftNode.start({ ...parts, storage });
    await node.stop();
    expect(await storage.load()).toEqual(bootstrap(members("c", "a", "b")));
  });

  it("a server must be one of the first members", async () => {
    const storage = new MemoryStorage();
    const start = RaftNode.start({ ...parts, id: "x", storage });
    expect(await rejectionOf(start)).toBeInstanceOf(RangeError);
    expect(await storage.load()).toBeNull();
  });

  it("options out of range are refused before anything is stored", async () => {
    const storage = new MemoryStorage();
    const raft = { electionTimeoutTicks: 1 };
    expect(await rejectionOf(RaftNode.start({ ...parts, storage, raft }))).toBeInstanceOf(
      RangeError,
    );
    expect(await storage.load()).toBeNull();
  });

  it("members that no cluster can have are refused", async () => {
    const twice = members("a", "b", "b");
    const start = RaftNode.start({ ...parts, members: twice, storage: new MemoryStorage() });
    expect(await rejectionOf(start)).toBeInstanceOf(RangeError);
  });

  it("every start draws another seed, unless it is given", () => {
    const options = { ...parts, storage: new MemoryStorage() };
    const seeds = [1, 2, 3, 4].map(() => raftOptionsOf(options).seed);
    expect(new Set(seeds).size).toBe(4);
    expect(raftOptionsOf({ ...options, raft: { seed: 9 } }).seed).toBe(9);
  });

  it("a restart on its storage goes on where it was", async () => {
    const storage = new MemoryStorage();
    const before = await startAlone({ storage });
    for (const byte of [1, 2, 3]) await before.node.propose(Uint8Array.of(byte));
    const { term } = before.node.status();
    await before.node.stop();
    const { node, machine, watch } = await startHost("a", ["a"], { storage });
    await watch.until(() => node.status().role === "leader");
    expect(node.status().term).toBeGreaterThan(term);
    expect(await node.read(() => machine.bytes)).toEqual([1, 2, 3]);
    expect(await node.propose(Uint8Array.of(4))).toMatchObject({ result: 4 });
    await node.stop();
  });

  it("a whole cluster that restarts has everything that it acknowledged", async () => {
    const cluster = await HostCluster.start();
    const leader = await cluster.leader();
    await Promise.all([1, 2, 3].map((byte) => leader.node.propose(Uint8Array.of(byte))));
    await cluster.stop();
    for (const [id, { storage }] of [...cluster.hosts]) await cluster.startServer(id, storage);
    const next = await cluster.leader();
    expect(await next.node.read(() => next.machine.bytes)).toEqual([1, 2, 3]);
    await cluster.stop();
  });
});

describe("stopping", () => {
  it("closes transport and storage once, however often it is asked for", async () => {
    const storage = new FaultyStorage();
    const transport = new ScriptedTransport();
    const { node } = await startHost("a", ["a", "b"], { storage, transport });
    await Promise.all([node.stop(), node.stop()]);
    await node.stop();
    expect(await node.stopped).toBeNull();
    expect([storage.closed, transport.closed]).toEqual([1, true]);
    expect(node.status().fatal).toBeNull();
  });

  it("is what the end of an `await using` block does", async () => {
    const { node } = await startAlone();
    await node[Symbol.asyncDispose]();
    expect(await node.stopped).toBeNull();
  });

  it("rejects what waits, and takes nothing on any more", async () => {
    const storage = new FaultyStorage();
    const { node } = await startAlone({ storage });
    storage.hold();
    const command = rejectionOf(node.propose(one));
    const snapshot = rejectionOf(node.takeSnapshot());
    const stopping = node.stop();
    expect(await command).toBeInstanceOf(OutcomeUnknownError);
    storage.release();
    await stopping;
    await snapshot.catch(() => undefined);
    expect(await rejectionOf(node.propose(one))).toMatchObject({
      code: "RAFT_STOPPED",
      outcome: "not-applied",
    });
    expect(await rejectionOf(node.read(() => 0))).toBeInstanceOf(StoppedError);
  });

  it("waits for the write that is out", async () => {
    const storage = new FaultyStorage();
    const { node } = await startAlone({ storage });
    storage.hold();
    node.propose(one).catch(() => undefined);
    let stopped = false;
    const stopping = node.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([stopped, storage.closed]).toEqual([false, 0]);
    storage.release();
    await stopping;
    expect(storage.closed).toBe(1);
  });

  it("tells the followers of its own reads that they must ask elsewhere", async () => {
    const transport = new ScriptedTransport();
    const host = await startHost("a", ["a", "b", "c"], { transport });
    await transport.elect(host, ["b", "c"]);
    const { term } = host.node.status();
    transport.deliver({ type: "readIndexRequest", from: "b", to: "a", term, context: 7 });
    await host.node.stop();
    expect(transport.sentOf("readIndexResponse")).toMatchObject([{ context: 7, index: null }]);
  });
});
