import { InvariantError, MemoryStorage, RaftNode, StoppedError } from "../index.ts";
import {
  HostCluster,
  ListMachine,
  quick,
  rejectionOf,
  startAlone,
  startHost,
  stopAll,
} from "../test-support/host.ts";
import type { Host } from "../test-support/host.ts";
import { members } from "../test-support/logs.ts";
import { append } from "../test-support/messages.ts";
import { ScriptedTransport } from "../test-support/scripted-transport.ts";
import { FaultyStorage } from "../test-support/storages.ts";

const one = Uint8Array.of(1);
const broken = new Error("EIO: the disk is gone");

function storageFull(): Error {
  return Object.assign(new Error("no space left"), { code: "STORAGE_FULL" });
}

async function expectStoppedBy({ node, watch }: Host, error: Error): Promise<void> {
  expect(await node.stopped).toBe(error);
  expect(watch.fatal).toBe(error);
  expect(node.status().fatal).toBe(error);
  expect(await rejectionOf(node.propose(one))).toBeInstanceOf(StoppedError);
  expect(await rejectionOf(node.read(() => 0))).toBeInstanceOf(StoppedError);
  expect(await rejectionOf(node.takeSnapshot())).toBeInstanceOf(StoppedError);
  await node.stop(); // says nothing new
}

afterEach(stopAll);

describe("the first error of the disk is final", () => {
  it("a write that fails stops the node, and what waited is told why", async () => {
    const storage = new FaultyStorage();
    const host = await startAlone({ storage });
    storage.failing.set("write", broken);
    const pending = rejectionOf(host.node.propose(one));
    expect(await pending).toMatchObject({ outcome: "unknown", cause: broken });
    await expectStoppedBy(host, broken);
    expect(storage.closed).toBe(1);
    expect(host.machine.bytes).toEqual([]);
  });

  it("nothing that the failed write vouched for is ever sent", async () => {
    const storage = new FaultyStorage();
    const transport = new ScriptedTransport();
    const host = await startHost("a", ["a", "b", "c"], { storage, transport });
    storage.failing.set("write", broken);
    transport.deliver(append({ from: "b", to: "a", term: 5, prev: "1@1", entries: "5" }));
    await expectStoppedBy(host, broken);
    expect(transport.sentOf("appendEntriesResponse")).toEqual([]);
    expect(transport.closed).toBe(true);
  });

  it.each(["saveSnapshot", "compact"] as const)("a %s that fails stops the node", async (call) => {
    const storage = new FaultyStorage();
    const host = await startAlone({ storage, snapshots: { retainEntries: 0 } });
    await host.node.propose(one);
    storage.failing.set(call, broken);
    await host.node.takeSnapshot().catch(() => undefined);
    await expectStoppedBy(host, broken);
  });

  it("a start on a storage that cannot be read fails, and nothing runs", async () => {
    const storage = new FaultyStorage();
    storage.failing.set("load", broken);
    expect(await rejectionOf(startHost("a", ["a"], { storage }))).toBe(broken);
  });

  it("the others go on without it", async () => {
    const cluster = await HostCluster.start();
    const leader = await cluster.leader();
    const storage = new FaultyStorage();
    const [victim, other] = cluster.others(leader);
    const { id } = victim!.node.status();
    await victim!.node.stop();
    await leader.node.propose(one);
    await cluster.startServer(id, storage); // a new disk under an old id: only in this test
    storage.failing.set("write", broken);
    expect(await cluster.host(id).node.stopped).toBe(broken);
    expect(await leader.node.propose(one)).toMatchObject({ result: 2 });
    await other!.watch.until(() => other!.machine.bytes.length === 2);
    await cluster.stop();
  });
});

describe("a full disk is not a broken one", () => {
  it("the write is tried again until there is room; nothing is acknowledged before", async () => {
    const storage = new FaultyStorage();
    const host = await startAlone({ storage });
    storage.failing.set("write", storageFull());
    const pending = host.node.propose(one);
    const ticks = (): number =>
      host.watch.seen.filter((seen) => "input" in seen && seen.input.type === "tick").length;
    const before = ticks();
    await host.watch.until(() => ticks() > before + 3);
    expect(host.machine.bytes).toEqual([]);
    expect(host.node.status().fatal).toBeNull();
    storage.failing.clear();
    expect(await pending).toMatchObject({ result: 1 });
    await host.node.stop();
  });

  it("a snapshot that does not fit is refused, and the node goes on", async () => {
    const storage = new FaultyStorage();
    const host = await startAlone({ storage });
    await host.node.propose(one);
    const full = storageFull();
    storage.failing.set("saveSnapshot", full);
    expect(await rejectionOf(host.node.takeSnapshot())).toBe(full);
    storage.failing.clear();
    expect(await host.node.takeSnapshot()).toMatchObject({ index: 3 });
    await host.node.stop();
  });
});

describe("a state machine that fails", () => {
  class FailingMachine extends ListMachine {
    readonly #how: () => readonly number[] | Promise<readonly number[]>;
    constructor(how: () => readonly number[] | Promise<readonly number[]>) {
      super();
      this.#how = how;
    }

    override apply(): readonly number[] | Promise<readonly number[]> {
      return this.#how();
    }
  }

  const wrong = new Error("a bug of the embedder");
  it.each([
    {
      how: "throws",
      apply: (): never => {
        throw wrong;
      },
    },
    { how: "rejects", apply: () => Promise.reject(wrong) },
  ])("that $how stops the node: going on would let servers differ", async ({ apply }) => {
    const host = await startAlone({ machine: new FailingMachine(apply) });
    const pending = rejectionOf(host.node.propose(one));
    expect(await pending).toMatchObject({ outcome: "unknown", cause: wrong });
    await expectStoppedBy(host, wrong);
  });

  it.each([
    { how: "too few", apply: () => [] },
    { how: "too many, later", apply: () => Promise.resolve([1, 2]) },
  ])("that gives $how results stops the node", async ({ apply }) => {
    const host = await startAlone({ machine: new FailingMachine(apply) });
    host.node.propose(one).catch(() => undefined);
    expect(await host.node.stopped).toBeInstanceOf(InvariantError);
  });

  it("that throws something that is no error is reported as one", async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- this is the case
    const apply = (): Promise<number[]> => Promise.reject("a text");
    const host = await startAlone({ machine: new FailingMachine(apply) });
    host.node.propose(one).catch(() => undefined);
    expect(await host.node.stopped).toMatchObject({ message: "a text" });
  });

  it("that cannot restore its snapshot stops the node", async () => {
    const storage = new MemoryStorage();
    const first = await startAlone({ storage });
    await first.node.propose(one);
    await first.node.takeSnapshot();
    await first.node.stop();
    class Unrestorable extends ListMachine {
      override restore(): Promise<void> {
        return Promise.reject(wrong);
      }
    }
    const host = await startHost("a", ["a"], { storage, machine: new Unrestorable() });
    await expectStoppedBy(host, wrong);
  });

  it("that cannot give its snapshot stops the node", async () => {
    class Unsnapshottable extends ListMachine {
      override *snapshot(): Iterable<Uint8Array> {
        yield one;
        throw wrong;
      }
    }
    const host = await startAlone({ machine: new Unsnapshottable() });
    await host.node.propose(one);
    expect(await rejectionOf(host.node.takeSnapshot())).toBe(wrong);
    await expectStoppedBy(host, wrong);
  });
});

describe("an observer that throws stops the node", () => {
  it.each(["onInput", "onReady", "onApplied"] as const)("in %s", async (hook) => {
    const error = new Error("a bug of the observer");
    let armed = false;
    const throwing = (): void => {
      if (armed) throw error;
    };
    const node = await RaftNode.start({
      ...quick,
      id: "a",
      members: members("a"),
      stateMachine: new ListMachine(),
      storage: new MemoryStorage(),
      transport: new ScriptedTransport(),
      observer: { [hook]: throwing },
    });
    await node.waitForLeader();
    armed = true;
    node.propose(one).catch(() => undefined);
    expect(await node.stopped).toBe(error);
  });
});

describe("errors while stopping", () => {
  it("a storage that cannot be closed is told by stop and by stopped", async () => {
    const storage = new FaultyStorage();
    const { node } = await startAlone({ storage });
    storage.failing.set("close", broken);
    expect(await rejectionOf(node.stop())).toBe(broken);
    expect(await node.stopped).toBe(broken);
  });

  it("so is the last write, if it fails", async () => {
    const storage = new FaultyStorage();
    const { node } = await startAlone({ storage });
    storage.hold();
    const pending = rejectionOf(node.propose(one));
    const stopping = rejectionOf(node.stop());
    storage.failing.set("write", broken);
    storage.release();
    expect(await stopping).toBe(broken);
    expect(await pending).toMatchObject({ outcome: "unknown" });
    expect(storage.closed).toBe(1);
  });
});
