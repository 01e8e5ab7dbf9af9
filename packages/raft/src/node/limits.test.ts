import { MemoryNetwork, OverloadedError } from "../index.ts";
import { HostCluster, rejectionOf, stopAll } from "../test-support/host.ts";
import { vote } from "../test-support/messages.ts";
import { pendingProposalsMax } from "./proposals.ts";

afterEach(stopAll);

describe("everything that can grow has a limit", () => {
  it("commands that wait for their outcome", async () => {
    const cluster = await HostCluster.start();
    const { node } = await cluster.leader();
    cluster.network.isolate(node.status().id);
    const empty = new Uint8Array(0);
    const waiting: Promise<unknown>[] = [];
    while (node.status().pendingProposals < pendingProposalsMax) {
      for (let at = 0; at < 4096; at += 1) waiting.push(rejectionOf(node.propose(empty)));
    }
    expect(await rejectionOf(node.propose(empty))).toBeInstanceOf(OverloadedError);
    await cluster.stop();
    const outcomes = new Set((await Promise.all(waiting)).map((error) => codeOf(error)));
    expect([...outcomes]).toEqual(["RAFT_OUTCOME_UNKNOWN"]);
  });

  it("messages under way in a network in memory", async () => {
    const network = new MemoryNetwork();
    let got = 0;
    const receive = (): void => void (got += 1);
    network.transport("b").start({ receive, unreachable: () => undefined });
    const sender = network.transport("a");
    for (let at = 0; at < 100_001; at += 1) sender.send(vote({ from: "a", to: "b", term: 1 }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(got).toBe(100_000);
  });

  function codeOf(error: unknown): unknown {
    return error instanceof Error && "code" in error ? error.code : error;
  }
});
