/** The watchdog for a disk that neither works nor fails (E6), on real timers. */
import { MemoryNetwork } from "../index.ts";
import type { NodeId } from "../index.ts";
import { type Host, startAlone, startHost, stopAll } from "../test-support/host.ts";
import { FaultyStorage } from "../test-support/storages.ts";

const ids = ["a", "b", "c"] as const;
const watchdog = { raft: { diskStallTicks: 20 } } as const;

interface Server extends Host {
  readonly disk: FaultyStorage;
}

async function threeServers(): Promise<readonly Server[]> {
  const network = new MemoryNetwork();
  return Promise.all(
    ids.map(async (id) => {
      const disk = new FaultyStorage();
      const transport = network.transport(id);
      return { ...(await startHost(id, ids, { ...watchdog, storage: disk, transport })), disk };
    }),
  );
}

/** The one that all of these follow, once there is one among them. */
async function leaderAmong(servers: readonly Server[]): Promise<Server> {
  const leader = (): Server | undefined => {
    const seen = new Set<NodeId | null>(servers.map(({ node }) => node.status().leaderId));
    const [id] = seen;
    return seen.size === 1 ? servers.find(({ node }) => node.status().id === id) : undefined;
  };
  await servers[0]!.watch.until(() => leader() !== undefined);
  return leader()!;
}

afterEach(stopAll);

describe("a leader whose disk hangs", () => {
  it("gives leadership up, the others elect one of theirs, and nothing is lost or doubled", async () => {
    const servers = await threeServers();
    const old = await leaderAmong(servers);
    await old.node.propose(Uint8Array.of(1));
    old.disk.hold();
    // Two other disks are a majority, so this is acknowledged without the leader's own.
    await old.node.propose(Uint8Array.of(2));
    const others = servers.filter((server) => server !== old);
    const next = await leaderAmong(others);
    await next.node.propose(Uint8Array.of(3));
    expect(old.node.status().role).not.toBe("leader");

    old.disk.release();
    await old.watch.until(() => old.machine.bytes.length === 3);
    for (const { machine } of servers) expect(machine.bytes.slice(0, 3)).toEqual([1, 2, 3]);
    expect(old.node.status().fatal).toBeNull();
  });

  it("acknowledges nothing when it is alone in its cluster, however long it waits", async () => {
    const disk = new FaultyStorage();
    const { node, machine, watch } = await startAlone({ ...watchdog, storage: disk });
    disk.hold();
    const pending = node.propose(Uint8Array.of(1));
    let settled = false;
    void pending.then(
      () => (settled = true),
      () => (settled = true),
    );
    const begun = watch.seen.length;
    await watch.until(() => watch.seen.length > begun + 100); // ticks far beyond the watchdog
    expect(machine.bytes).toEqual([]);
    expect(settled).toBe(false);
    disk.release();
    await pending;
    expect(machine.bytes).toEqual([1]);
  });
});
