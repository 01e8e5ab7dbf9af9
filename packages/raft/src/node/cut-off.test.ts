import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MemoryNetwork, MemoryStorage, RaftNode } from "../index.ts";
import type { CommittedCommand, NodeId, StateMachine } from "../index.ts";
import { quick } from "../test-support/host.ts";
import { members } from "../test-support/logs.ts";

jest.setTimeout(120_000); // 100,000 commands, on machines that may be busy

/** Counts commands: its own state never grows. */
class CountingMachine implements StateMachine<number> {
  count = 0;

  apply(commands: readonly CommittedCommand[]): readonly number[] {
    return commands.map(() => (this.count += 1));
  }

  snapshot(): Iterable<Uint8Array> {
    return [new TextEncoder().encode(String(this.count))];
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) this.count = Number(new TextDecoder().decode(chunk));
  }
}

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

function isCollector(value: unknown): value is () => void {
  return typeof value === "function";
}

/** What the process holds, without what it only has not thrown away yet. */
function heapBytes(): number {
  if (!isCollector(collect)) throw new Error("there is no collector to ask");
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

interface Server {
  readonly node: RaftNode<number>;
  readonly machine: CountingMachine;
}

async function startServer(network: MemoryNetwork, id: NodeId): Promise<Server> {
  const machine = new CountingMachine();
  const storage = new MemoryStorage();
  const ports = { stateMachine: machine, storage, transport: network.transport(id) };
  const snapshots = { everyEntries: 2000, retainEntries: 500 };
  const all = members("a", "b", "c");
  return {
    node: await RaftNode.start({ ...quick, ...ports, snapshots, id, members: all }),
    machine,
  };
}

async function write(leader: RaftNode<number>, count: number): Promise<void> {
  const command = new Uint8Array(100);
  for (let done = 0; done < count; done += 500) {
    await Promise.all(Array.from({ length: 500 }, () => leader.propose(command)));
  }
}

it("the memory of a cluster stays flat while a follower misses 100,000 commands, and it catches up", async () => {
  const network = new MemoryNetwork();
  const servers = new Map<NodeId, Server>();
  for (const id of ["a", "b", "c"]) servers.set(id, await startServer(network, id));
  const leaderId = await servers.get("a")!.node.waitForLeader();
  const leader = servers.get(leaderId)!;
  await write(leader.node, 500); // everybody is there
  const cutOff = [...servers.keys()].find((id) => id !== leaderId)!;
  network.isolate(cutOff);
  await write(leader.node, 20_000);
  const before = heapBytes();
  await write(leader.node, 80_000);
  expect(heapBytes() - before).toBeLessThan(8 * 1024 * 1024); // 80,000 entries have 16 MiB and more
  const { firstIndex, lastIndex, peers, role } = leader.node.status();
  expect(role).toBe("leader"); // of one term all the time
  expect(lastIndex - firstIndex).toBeLessThan(10_000);
  expect(peers[cutOff]!.inflightBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  network.heal();
  const late = servers.get(cutOff)!;
  const caughtUp = await late.node.read(() => late.machine.count, { timeoutMs: 20_000 });
  expect(caughtUp).toBe(100_500);
  await Promise.all([...servers.values()].map(({ node }) => node.stop()));
});
