import { NotLeaderError, TransferFailedError } from "../index.ts";
import { HostCluster, rejectionOf, startAlone, stopAll } from "../test-support/host.ts";
import type { Host } from "../test-support/host.ts";
import type { NodeId } from "../types.ts";

let cluster: HostCluster;
let leader: Host;

async function start(): Promise<void> {
  cluster = await HostCluster.start();
  leader = await cluster.leader();
}

afterEach(stopAll);

/** A handover is given up after an election timeout, which is short here: who wants it asks again. */
async function handOver(to: NodeId | null): Promise<NodeId> {
  for (;;) {
    leader = await cluster.leader();
    try {
      return await leader.node.transferLeadership(to);
    } catch (error) {
      if (!(error instanceof TransferFailedError || error instanceof NotLeaderError)) throw error;
    }
  }
}

const one = Uint8Array.of(1);

describe("giving leadership up", () => {
  it("resolves when another leader is known", async () => {
    await start();
    await leader.node.stepDown();
    expect(leader.node.status().leaderId).not.toBeNull();
  });

  it("changes nothing where nobody leads", async () => {
    await start();
    const [follower] = cluster.others(leader);
    await follower!.node.stepDown();
    expect(leader.node.status().role).toBe("leader");
  });
});

describe("handing leadership over", () => {
  it("to a voter of choice resolves with it, and the old leader follows", async () => {
    await start();
    const [, chosen] = cluster.others(leader);
    const { id } = chosen!.node.status();
    expect(await handOver(id)).toBe(id);
    expect(chosen!.node.status().role).toBe("leader");
    expect(leader.node.status()).toMatchObject({ role: "follower", leaderId: id });
  });

  it("to nobody in particular, and to itself", async () => {
    await start();
    const { id } = leader.node.status();
    expect(await leader.node.transferLeadership(id)).toBe(id);
    const successor = await handOver(null);
    expect(successor).not.toBe(leader.node.status().id);
  });

  it("to somebody who cannot be reached fails, and the leader serves on", async () => {
    await start();
    const { id } = cluster.others(leader)[0]!.node.status();
    cluster.network.isolate(id);
    const error = await rejectionOf(leader.node.transferLeadership(id));
    expect(error).toBeInstanceOf(TransferFailedError);
    expect(error).toMatchObject({ leaderId: leader.node.status().id });
    // The core gives a transfer up by ticks, which come late on a busy machine.
    const serve = (): Promise<unknown> => leader.node.propose(one).catch(() => null);
    let served = await serve();
    while (served === null) {
      await leader.watch.until(() => true);
      served = await serve();
    }
    expect(served).toMatchObject({ result: 1 });
  });

  it("is refused by a follower, for a stranger, where there is no other voter, and once stopped", async () => {
    await start();
    const [follower] = cluster.others(leader);
    const refused = follower!.node.transferLeadership(null);
    expect(await rejectionOf(refused)).toMatchObject({ leaderId: leader.node.status().id });
    expect(await rejectionOf(leader.node.transferLeadership("x"))).toBeInstanceOf(RangeError);
    const alone = await startAlone();
    const failed = await rejectionOf(alone.node.transferLeadership(null));
    expect(failed).toBeInstanceOf(TransferFailedError);
    await alone.node.stop();
    const late = await rejectionOf(alone.node.transferLeadership(null));
    expect(late).toBeInstanceOf(NotLeaderError);
  });

  it("stops waiting when its signal says so", async () => {
    await start();
    const { id } = cluster.others(leader)[0]!.node.status();
    cluster.network.isolate(id);
    const waiting = new AbortController();
    const handing = rejectionOf(leader.node.transferLeadership(id, { signal: waiting.signal }));
    waiting.abort(new Error("enough"));
    expect(await handing).toMatchObject({ message: "enough" });
  });
});
