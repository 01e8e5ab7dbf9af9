import { MemoryStorage } from "../index.ts";
import type { CommittedCommand } from "../index.ts";
import { HostCluster, ListMachine, startAlone, startHost, stopAll } from "../test-support/host.ts";
import { FaultyStorage } from "../test-support/storages.ts";
import { pieceMaxEntries } from "./applier.ts";

const bytes = [...Array(30).keys()];

function firstIndexOf(storage: MemoryStorage): Promise<number | undefined> {
  return storage.load().then((stored) => stored?.entries[0]?.index);
}

afterEach(stopAll);

describe("snapshots by policy (§7)", () => {
  it("are taken after so many entries, and the log goes with what is kept behind them", async () => {
    const storage = new MemoryStorage();
    const policy = { everyEntries: 10, retainEntries: 3 };
    const { node, watch } = await startAlone({ storage, snapshots: policy });
    for (const byte of bytes) await node.propose(Uint8Array.of(byte));
    await watch.until(() => (node.status().snapshot?.index ?? 0) >= 20);
    const { snapshot, firstIndex } = node.status();
    expect(snapshot!.index - firstIndex + 1).toBeLessThanOrEqual(3);
    await node.stop();
    expect(await firstIndexOf(storage)).toBe(firstIndex);
  });

  it("are taken after so many bytes", async () => {
    const { node, watch } = await startAlone({ snapshots: { everyBytes: 5000 } });
    await node.propose(new Uint8Array(6000));
    await watch.until(() => node.status().snapshot !== null);
    expect(node.status().snapshot).toEqual({ index: 3, term: 2 });
    await node.stop();
  });

  it("are not taken before", async () => {
    const { node } = await startAlone({ snapshots: { everyEntries: 1000 } });
    for (const byte of bytes) await node.propose(Uint8Array.of(byte));
    expect(node.status().snapshot).toBeNull();
    await node.stop();
  });
});

describe("snapshots by request", () => {
  it("say what they stand for, and a restart begins with them", async () => {
    const storage = new MemoryStorage();
    const before = await startAlone({ storage, snapshots: { retainEntries: 0 } });
    for (const byte of [1, 2, 3]) await before.node.propose(Uint8Array.of(byte));
    expect(await before.node.takeSnapshot()).toEqual({ index: 5, term: 2 });
    await before.node.propose(Uint8Array.of(4));
    await before.node.stop();
    const { node, machine } = await startHost("a", ["a"], { storage });
    expect(await node.read(() => machine.bytes)).toEqual([1, 2, 3, 4]);
    expect(machine.batches.reduce((sum, batch) => sum + batch, 0)).toBe(1);
    await node.stop();
  });

  it("before anything was applied stand for nothing, and hurt nothing", async () => {
    const { node, machine } = await startHost("a", ["a", "b", "c"]);
    expect(await node.takeSnapshot()).toEqual({ index: 0, term: 0 });
    expect(machine.bytes).toEqual([]);
    expect(node.status()).toMatchObject({ snapshot: null, fatal: null });
    await node.stop();
  });

  it("right after a restart wait for the restored state", async () => {
    const storage = new MemoryStorage();
    const before = await startAlone({ storage, snapshots: { retainEntries: 0 } });
    await before.node.propose(Uint8Array.of(7));
    const taken = await before.node.takeSnapshot();
    await before.node.stop();
    const { node } = await startHost("a", ["a"], { storage });
    const again = await node.takeSnapshot();
    expect(again.index).toBeGreaterThanOrEqual(taken.index);
    expect(node.status().fatal).toBeNull();
    await node.stop();
  });

  it("asked for twice at once are one", async () => {
    const { node, watch } = await startAlone();
    await node.propose(Uint8Array.of(1));
    const both = await Promise.all([node.takeSnapshot(), node.takeSnapshot()]);
    expect(both[0]).toEqual(both[1]);
    const saved = watch.seen.filter((seen) => "input" in seen && isSaved(seen.input.type));
    expect(saved).toHaveLength(1);
    await node.stop();
  });

  it("wait until the log on the disk reaches them, and end with the node", async () => {
    const storages = new Map<string, FaultyStorage>();
    const cluster = await HostCluster.start();
    await cluster.stop();
    for (const id of ["a", "b", "c"]) {
      const storage = new FaultyStorage();
      storages.set(id, storage);
      await cluster.startServer(id, storage);
    }
    const leader = await cluster.leader();
    await leader.node.read(() => null);
    const storage = storages.get(leader.node.status().id)!;
    storage.hold();
    const { index } = await leader.node.propose(Uint8Array.of(1)); // two other disks have it
    expect(leader.node.status().persistedIndex).toBeLessThan(index);
    const snapshot = leader.node.takeSnapshot();
    const outcome = snapshot.then(
      (taken) => taken.index,
      (error: unknown) => error,
    );
    storage.release();
    expect(await outcome).toBe(index);
    storage.hold();
    const second = await leader.node.propose(Uint8Array.of(2));
    expect(leader.node.status().persistedIndex).toBeLessThan(second.index);
    const abandoned = leader.node.takeSnapshot().catch((error: unknown) => error);
    const stopping = cluster.stop();
    expect(await abandoned).toMatchObject({ code: "RAFT_STOPPED" });
    storage.release();
    await stopping;
  });

  function isSaved(type: string): boolean {
    return type === "snapshotSaved";
  }
});

describe("a server that was away for long", () => {
  it("gets a snapshot, restores it and goes on", async () => {
    const cluster = await HostCluster.start({
      snapshots: { everyEntries: 10, retainEntries: 0 },
      raft: { snapshotChunkMaxBytes: 4 },
    });
    const leader = await cluster.leader();
    const [away] = cluster.others(leader);
    cluster.network.isolate(away!.node.status().id);
    for (const byte of bytes) await leader.node.propose(Uint8Array.of(byte));
    await leader.watch.until(() => leader.node.status().firstIndex > 15);
    const events = away!.node.events();
    cluster.network.heal();
    await away!.watch.until(() => away!.machine.bytes.length === bytes.length);
    expect(away!.machine.bytes).toEqual(bytes);
    expect(away!.node.status().snapshot).not.toBeNull();
    for await (const event of events) if (event.type === "snapshotInstalled") break;
    expect(await away!.node.read(() => away!.machine.bytes.length)).toBe(bytes.length);
    await cluster.stop();
  });
});

/** Takes a command in at once and answers when it is told to. */
class SlowMachine extends ListMachine {
  readonly #gates: (() => void)[] = [];
  open = false;

  override async apply(commands: readonly CommittedCommand[]): Promise<readonly number[]> {
    const results = await super.apply(commands);
    if (!this.open) await new Promise<void>((resolve) => this.#gates.push(resolve));
    return results;
  }

  get waiting(): number {
    return this.#gates.length;
  }

  letGo(): void {
    this.#gates.shift()?.();
  }

  letAllGo(): void {
    this.open = true;
    for (const go of this.#gates.splice(0)) go();
  }
}

/** Needs ten milliseconds of this thread for each call. */
class BusyMachine extends ListMachine {
  /** How many turns of the event loop had passed at each call. */
  readonly turnsAtCalls: number[] = [];
  readonly #turns: () => number;

  constructor(turns: () => number) {
    super();
    this.#turns = turns;
  }

  override apply(commands: readonly CommittedCommand[]): readonly number[] {
    this.turnsAtCalls.push(this.#turns());
    for (const start = performance.now(); performance.now() - start < 10;);
    this.batches.push(commands.length);
    return commands.map(({ data }) => this.bytes.push(...data));
  }
}

describe("a long log after a restart", () => {
  it("is applied in pieces, and the event loop goes on between them", async () => {
    const storage = new MemoryStorage();
    const before = await startAlone({ storage });
    const commands = Array.from({ length: 3 * pieceMaxEntries }, (_, at) => at % 256);
    await Promise.all(commands.map((byte) => before.node.propose(Uint8Array.of(byte))));
    await before.node.stop();
    let turns = 0;
    let ended = false;
    const turn = (): void => {
      turns += 1;
      if (!ended) setImmediate(turn);
    };
    turn();
    const machine = new BusyMachine(() => turns);
    const { node } = await startHost("a", ["a"], { storage, machine });
    expect(await node.read(() => machine.bytes)).toEqual(commands);
    ended = true;
    expect(Math.max(...machine.batches)).toBeLessThanOrEqual(pieceMaxEntries);
    expect(machine.turnsAtCalls.length).toBeGreaterThanOrEqual(3);
    expect(new Set(machine.turnsAtCalls).size).toBe(machine.turnsAtCalls.length);
    await node.stop();
  });
});

describe("a state machine that takes its time", () => {
  it("is given one batch at a time, in order, while replication goes on", async () => {
    const machine = new SlowMachine();
    const { node, watch } = await startAlone({ machine });
    const first = node.propose(Uint8Array.of(1));
    await watch.until(() => machine.waiting === 1);
    const others = [2, 3, 4].map((byte) => node.propose(Uint8Array.of(byte)));
    await watch.until(() => node.status().commitIndex === 6);
    expect(machine.bytes).toEqual([1]);
    expect(node.status().appliedIndex).toBe(2);
    machine.letAllGo();
    const results = await Promise.all([first, ...others]);
    expect(results.map(({ result }) => result)).toEqual([1, 2, 3, 4]);
    await node.stop();
  });

  it("is read when it has applied what was acknowledged, not before", async () => {
    const machine = new SlowMachine();
    const { node, watch } = await startAlone({ machine });
    const command = node.propose(Uint8Array.of(1));
    await watch.until(() => machine.waiting === 1);
    let seen: number[] | null = null;
    const read = node.read(() => (seen = [...machine.bytes]));
    await watch.until(() => node.status().pendingReads === 1);
    expect(seen).toBeNull();
    machine.letAllGo();
    await command;
    expect(await read).toEqual([1]);
    await node.stop();
  });

  it("is snapshotted between two batches: nothing is applied twice after a restart", async () => {
    const machine = new SlowMachine();
    const storage = new MemoryStorage();
    const { node, watch } = await startAlone({ machine, storage });
    const command = node.propose(Uint8Array.of(1));
    await watch.until(() => machine.waiting === 1); // the machine has it, the node does not know
    const snapshot = node.takeSnapshot();
    machine.letAllGo();
    await command;
    expect(await snapshot).toMatchObject({ index: 3 });
    await node.stop();
    const after = await startHost("a", ["a"], { storage });
    expect(await after.node.read(() => after.machine.bytes)).toEqual([1]);
    await after.node.stop();
  });

  it("is waited for by stop", async () => {
    const machine = new SlowMachine();
    const { node, watch } = await startAlone({ machine });
    const command = node.propose(Uint8Array.of(1)).catch((error: unknown) => error);
    await watch.until(() => machine.waiting === 1);
    let stopped = false;
    const stopping = node.stop().then(() => (stopped = true));
    expect(await command).toMatchObject({ outcome: "unknown" });
    expect(stopped).toBe(false);
    machine.letAllGo();
    await stopping;
  });
});
