/** RaftNodes, real timers, leaders that stop: every command is applied once. */
import { openSession } from "../index.ts";
import { rejectionOf } from "../test-support/host.ts";
import { OnceCluster } from "../test-support/once-cluster.ts";
import { textBytes } from "../test-support/once.ts";

let cluster: OnceCluster;

afterEach(() => cluster.stop());

jest.setTimeout(60_000); // elections on machines that may be busy

/** A command that is answered in few bytes. */
const bytesOf = (text: string): Uint8Array => Uint8Array.of(1, 0, ...textBytes(text));

const patient = { timeoutMs: 30_000, attemptTimeoutMs: 200 };

describe("three servers under exactlyOnce", () => {
  it("apply the commands of sessions once each, while one leader after the other stops", async () => {
    cluster = await OnceCluster.start();
    await cluster.leader();
    let isOver = false;
    const answers = new Map<string, string>();
    const client = async (name: string): Promise<void> => {
      const session = await openSession(cluster, patient);
      for (let round = 0; !isOver; round += 1) {
        const sent = [0, 1, 2].map(async (at) => {
          const command = bytesOf(`${name}${round}.${at}`);
          const { result } = await session.propose(command, patient);
          answers.set(command.join("."), result);
        });
        await Promise.all(sent);
      }
      await session.close(patient);
    };
    const clients = ["x", "y", "z"].map(client);
    for (let stops = 0; stops < 6; stops += 1) {
      const seen = answers.size;
      const { node } = await cluster.leader();
      const { id } = node.status();
      await cluster.stopServer(id);
      await until(() => answers.size >= seen + 20);
      await cluster.startServer(id);
    }
    isOver = true;
    await Promise.all(clients);
    const last = await cluster.propose(bytesOf("last"), { timeoutMs: 30_000 });
    await cluster.applied(last.index);
    for (const { tally, machine } of cluster.hosts.values()) {
      expect(tally.applied).toHaveLength(answers.size + 1);
      expect(new Set(tally.applied).size).toBe(tally.applied.length);
      for (const [command, answer] of answers) {
        expect(tally.applied[Number(answer) - 1]).toBe(command);
      }
      // An opening that was in doubt and sent again may leave a session that nobody uses.
      expect(machine.stats().sessions).toBeLessThanOrEqual(cluster.opensSent - clients.length);
      expect(machine.stats().keys).toBe(0);
    }
  });

  it("give a key the same answer at the next leader, and after all of them were restarted", async () => {
    cluster = await OnceCluster.start();
    const first = await cluster.leader();
    const old = first.node.status().id;
    const { result } = await first.node.propose(bytesOf("one"), { key: "k" });
    cluster.network.isolate(old);
    const open = rejectionOf(first.node.propose(bytesOf("two"), { key: "l", timeoutMs: 1 }));
    expect(await open).toMatchObject({ outcome: "unknown" });
    cluster.hosts.delete(old);
    const next = await cluster.leader();
    expect(await next.node.propose(bytesOf("one"), { key: "k" })).toMatchObject({ result });
    const two = await next.node.propose(bytesOf("two"), { key: "l" });
    expect(await rejectionOf(next.node.propose(bytesOf("one"), { key: "l" }))).toMatchObject({
      code: "RAFT_KEY_REUSED",
      outcome: "not-applied",
    });
    cluster.hosts.set(old, first);
    cluster.network.heal();
    for (let more = 0; more < 30; more += 1) await next.node.propose(bytesOf(`${more}`));
    for (const id of ["a", "b", "c"]) await cluster.stopServer(id);
    for (const id of ["a", "b", "c"]) await cluster.startServer(id);
    const last = await cluster.leader();
    expect(await last.node.propose(bytesOf("two"), { key: "l" })).toMatchObject({
      result: two.result,
    });
    expect(last.tally.applied).toHaveLength(32);
  });

  it("tell apart what the machine refused, and what is too old to be known", async () => {
    cluster = await OnceCluster.start({ windowMs: 1 });
    const { node, machine } = await cluster.leader();
    expect(await rejectionOf(node.propose(Uint8Array.of(13), { key: "k" }))).toMatchObject({
      code: "RAFT_REFUSED",
      reason: "unlucky",
    });
    const timePasses = async (): Promise<void> => {
      const { logTimeMs } = machine;
      while (machine.logTimeMs <= logTimeMs) await node.propose(bytesOf("later"));
    };
    await timePasses();
    const keySinceMs = machine.logTimeMs;
    await node.propose(bytesOf("one"), { key: "l", keySinceMs });
    await timePasses();
    const old = node.propose(bytesOf("one"), { key: "l", keySinceMs });
    expect(await rejectionOf(old)).toMatchObject({ code: "RAFT_KEY_EXPIRED", outcome: "unknown" });
    expect(await rejectionOf(node.propose(bytesOf("x"), { key: "a key" }))).toBeInstanceOf(
      RangeError,
    );
    const session = { sessionId: 1, seq: 1, ack: 0 };
    const both = node.propose(bytesOf("x"), { key: "k", session });
    expect(await rejectionOf(both)).toBeInstanceOf(TypeError);
    expect(await rejectionOf(node.propose(bytesOf("x"), { session }))).toMatchObject({
      code: "RAFT_SESSION_EXPIRED",
      outcome: "unknown",
    });
    expect(node.status().pendingProposals).toBe(0);
  });
});

/** Looks after every turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
