import { MemoryNetwork } from "../index.ts";
import { rejectionOf, startHost, stopAll } from "../test-support/host.ts";
import type { Host } from "../test-support/host.ts";

afterEach(stopAll);

/** A clock that does not tick within any test: to its node no time passes, as to a paused process. */
const standingStill = { tickMs: 2 ** 30 };

const ids = ["a", "b", "c"];

interface Paused {
  readonly network: MemoryNetwork;
  readonly paused: Host;
  /** Another leader, which has committed the command 7. */
  readonly successor: Host;
}

/** "a" leads, and stands still: no time passes for it, and it hears nobody. The others go on. */
async function pauseLeader(): Promise<Paused> {
  const network = new MemoryNetwork();
  const start = (id: string, options: object = {}): Promise<Host> =>
    startHost(id, ids, { ...options, transport: network.transport(id) });
  const paused = await start("a", standingStill);
  const others = [await start("b"), await start("c")];
  // It never campaigns by itself, so leadership has to be handed to it.
  while (paused.node.status().role !== "leader") {
    const known = await paused.node.waitForLeader();
    await others.find(({ node }) => node.status().id === known)?.node.stepDown();
    await new Promise((resolve) => setImmediate(resolve)); // who is known may be out of date
  }
  network.isolate("a");
  const successor = await leaderAmong(others);
  await successor.node.propose(Uint8Array.of(7));
  return { network, paused, successor };
}

async function leaderAmong(hosts: readonly Host[]): Promise<Host> {
  const leading = (): Host | undefined => hosts.find(({ node }) => node.status().role === "leader");
  await hosts[0]!.watch.until(
    () => hosts[0]!.node.status().leaderId !== null && leading() !== undefined,
  );
  return leading()!;
}

describe("reads of a paused leader never lie (§8)", () => {
  it("it takes itself for the leader, and a linearizable read is not answered", async () => {
    const { paused, successor } = await pauseLeader();
    expect(paused.node.status().role).toBe("leader");
    const enough = new AbortController();
    const reading = rejectionOf(paused.node.read(() => "old", { signal: enough.signal }));
    expect(
      await paused.node.read(() => [...paused.machine.bytes], { consistency: "local" }),
    ).toEqual([]);
    // Another command is committed, answered and applied, and the read still waits.
    expect(await successor.node.propose(Uint8Array.of(8))).toMatchObject({ result: 2 });
    const reason = new Error("the caller went away");
    enough.abort(reason);
    expect(await reading).toBe(reason);
  });

  it("when it hears the others again, it reads what they have committed", async () => {
    const { network, paused, successor } = await pauseLeader();
    const enough = new AbortController();
    const early = rejectionOf(paused.node.read(() => "old", { signal: enough.signal }));
    network.heal();
    await paused.watch.until(() => paused.node.status().leaderId === successor.node.status().id);
    expect(await paused.node.read(() => [...paused.machine.bytes])).toEqual([7]);
    enough.abort(new Error("the caller went away"));
    expect(await early).toMatchObject({ message: "the caller went away" });
  });
});
