import type { Input } from "../index.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { ack, append, readRequest } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";

const read = (context: number): Input => ({ type: "read", context });

/** "a" leads and stands still: it neither ticks nor hears. "b" is elected and commits 2. */
function whileAStandsStill(cluster: TestCluster): void {
  cluster.isolate("a");
  cluster.elect("b");
  cluster.propose("b", 2);
  expect(cluster.server("a").rank).toBe("leader 2");
}

describe("reads of a paused leader never lie (§8, R2)", () => {
  it("answers that waited through the pause confirm nothing that is asked after it", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.propose("a", 1);
    cluster.hold = (m) => m.type === "appendEntriesResponse" && m.to === "a";
    cluster.step("a", read(1));
    const waiting = cluster.takeHeld();
    whileAStandsStill(cluster);
    cluster.server("a").takeOutcomes();
    cluster.step("a", read(2)); // it wakes up, and time has not passed for it
    cluster.hold = () => false;
    cluster.deliver(waiting);
    // The first read began before the pause, when nothing newer was committed.
    expect(cluster.server("a").takeOutcomes()).toMatchObject([{ type: "readReady", context: 1 }]);
    cluster.heal();
    cluster.tick(4);
    expect(cluster.server("a").takeOutcomes()).toMatchObject([
      { type: "readRefused", context: 2, refusal: { reason: "notLeader" } },
    ]);
  });

  it("it is told by the first server it asks that its term is over", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    whileAStandsStill(cluster);
    cluster.heal();
    cluster.server("a").takeOutcomes();
    cluster.step("a", read(1));
    expect(cluster.status("a")).toMatchObject({ role: "follower", term: 3 });
    expect(cluster.server("a").takeOutcomes()).toMatchObject([{ type: "readRefused", context: 1 }]);
  });

  it("the ticks that it missed come all at once, and still nothing is answered", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    whileAStandsStill(cluster);
    cluster.server("a").takeOutcomes();
    cluster.step("a", read(1));
    cluster.tick(40, "a");
    expect(cluster.status("a").role).not.toBe("leader");
    expect(cluster.server("a").takeOutcomes()).toMatchObject([{ type: "readRefused", context: 1 }]);
  });
});

describe("a read that a follower asked for in an older term", () => {
  it("is answered by who leads now, which confirms its own term", () => {
    const server = new TestServer();
    server.win();
    server.receive(ack({ from: "b", to: "a", term: 2, index: 2 }));
    server.take();
    server.receive(readRequest({ from: "b", to: "a", term: 1, context: 98 }));
    expect(server.takeOf("readIndexResponse")).toEqual([]);
    server.receive(ack({ from: "c", to: "a", term: 2, index: 2, round: 1 }));
    expect(server.takeOf("readIndexResponse")).toMatchObject([{ context: 98, term: 2, index: 2 }]);
  });
});

describe("a question that comes late or twice", () => {
  it("of an older term is answered without its round: whoever led then may lead again (R5)", () => {
    const server = new TestServer();
    server.receive(append({ from: "c", to: "a", term: 3, prev: "1@1" }));
    server.take();
    server.receive(append({ from: "b", to: "a", term: 2, prev: "1@1", round: 5 }));
    const [answer] = server.takeOf("appendEntriesResponse", "b");
    expect(answer).toMatchObject({ term: 3, rejected: true, readRound: 0 });
  });
});
