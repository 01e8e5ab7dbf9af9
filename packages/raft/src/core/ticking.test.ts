import { ack, append } from "../test-support/messages.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { TestServer } from "../test-support/server.ts";

function leader(options: { diskStallTicks?: number } = {}): TestServer {
  const server = new TestServer(options);
  server.win();
  server.take();
  return server;
}

describe("a leader without contact to a majority steps down (CheckQuorum, K1)", () => {
  it("after one election timeout", () => {
    const server = leader();
    server.tick(9);
    expect(server.status.role).toBe("leader");
    server.tick(1);
    expect(server.status).toMatchObject({ role: "follower", term: 2, leaderId: null });
  });

  it("one peer of two is enough, and it must speak in every election timeout", () => {
    const server = leader();
    for (let round = 0; round < 5; round += 1) {
      server.receive(ack({ from: "b", to: "a", term: 2, index: 1 }));
      server.tick(10);
      expect(server.status.role).toBe("leader");
    }
    server.tick(10);
    expect(server.status.role).toBe("follower");
  });

  it("strangers are no contact", () => {
    const server = leader();
    server.receive(ack({ from: "x", to: "a", term: 2, index: 1 }));
    server.tick(10);
    expect(server.status.role).toBe("follower");
  });

  it("alone in its cluster, a leader stays", () => {
    const server = new TestServer({ members: ["a"] });
    server.win();
    server.tick(100);
    expect(server.rank).toBe("leader 2");
  });

  it("a one-way cut does not keep a dead leader alive", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.to === "a"; // it speaks, and hears nothing
    cluster.tick(60);
    expect(cluster.status("a").role).not.toBe("leader");
    expect(["b", "c"].map((id) => cluster.status(id).role)).toContain("leader");
  });
});

describe("a server whose disk does not answer (E6)", () => {
  it("gives leadership up, although its heartbeats arrive", () => {
    const server = leader({ diskStallTicks: 7 });
    server.holdDisk();
    server.propose(1);
    for (let tick = 1; tick < 7; tick += 1) {
      server.receive(ack({ from: "b", to: "a", term: 2, index: 3 }));
      server.tick();
      expect(server.status.role).toBe("leader");
    }
    server.tick();
    expect(server.status.role).toBe("follower");
    expect(server.notes.at(-2)).toMatchObject({ why: "our disk does not answer" });
  });

  it("does not campaign until the disk answers", () => {
    const server = new TestServer({ diskStallTicks: 7 });
    server.holdDisk();
    server.receive(append({ from: "b", to: "a", term: 2, prev: "1@1", entries: "2" }));
    server.tick(50);
    expect(server.rank).toBe("follower 2");
    server.step({ type: "campaign" });
    expect(server.rank).toBe("follower 2");
    server.completeWrites();
    server.tick(20);
    expect(server.rank).toBe("preCandidate 2");
  });

  it("a slow disk is not a dead one: the wait is counted anew for every write", () => {
    const server = leader({ diskStallTicks: 7 });
    server.holdDisk();
    for (let round = 0; round < 10; round += 1) {
      server.propose(round);
      server.receive(ack({ from: "b", to: "a", term: 2, index: 2 }));
      server.tick(6);
      server.completeWrites();
    }
    expect(server.status.role).toBe("leader");
  });

  it("time without a write is no stall", () => {
    const server = leader({ diskStallTicks: 3 });
    for (let round = 0; round < 10; round += 1) {
      server.receive(ack({ from: "b", to: "a", term: 2, index: 2 }));
      server.tick(5);
    }
    expect(server.status.role).toBe("leader");
  });

  it("others take over from a leader with a hung disk, and nothing is lost", () => {
    const cluster = new TestCluster({ diskStallTicks: 15 });
    cluster.elect("a");
    cluster.propose("a", 1);
    cluster.server("a").holdDisk();
    cluster.propose("a", 2);
    cluster.tick(60);
    const leaders = ["b", "c"].filter((id) => cluster.status(id).role === "leader");
    expect(leaders).toHaveLength(1);
    cluster.propose(leaders[0]!, 3);
    cluster.server("a").releaseDisk();
    cluster.settle();
    cluster.tick(4);
    expect(cluster.server("a").state).toEqual([1, 2, 3]);
  });
});

describe("a follower whose leader is silent", () => {
  it("follows nobody after its timeout, even if it may not campaign itself", () => {
    const server = new TestServer({ diskStallTicks: 3 });
    server.receive(append({ from: "b", to: "a", term: 2, prev: "1@1" }));
    server.holdDisk();
    server.receive(append({ from: "b", to: "a", term: 2, prev: "1@1", entries: "2" }));
    server.tick(9);
    expect(server.status).toMatchObject({ leaderId: "b", leaderSilentTicks: 9 });
    server.tick(10);
    expect(server.status).toMatchObject({ role: "follower", leaderId: null, term: 2 });
  });
});

describe("heartbeats (§5.2)", () => {
  it("leave every heartbeatTicks, to everybody, with the last entry that was sent", () => {
    const server = leader();
    for (const from of ["b", "c"]) server.receive(ack({ from, to: "a", term: 2, index: 2 }));
    server.take();
    server.tick(1);
    expect(server.takeLines()).toEqual([]);
    server.tick(1);
    expect(server.takeLines()).toEqual([
      "a -> b  t2  append prev=2@2 [] commit=2",
      "a -> c  t2  append prev=2@2 [] commit=2",
    ]);
  });

  it("a leader that is told to step down follows nobody and does not come back at once", () => {
    const server = leader();
    server.tick(9);
    server.step({ type: "stepDown" });
    expect(server.status).toMatchObject({ role: "follower", leaderId: null, term: 2 });
    server.tick(9);
    expect(server.status.role).toBe("follower");
  });

  it("only a leader steps down", () => {
    const server = new TestServer();
    const before = server.status;
    server.step({ type: "stepDown" });
    expect(server.status).toEqual(before);
  });
});

describe("messages that are not for this server", () => {
  it("are dropped, whatever they say, and a note tells", () => {
    const server = new TestServer();
    const before = server.status;
    server.receive(append({ from: "b", to: "z", term: 9, prev: "1@1", entries: "9" }));
    expect(server.status).toEqual(before);
    expect(server.notes.at(-1)).toMatchObject({ type: "dropped", why: "not for this server" });
  });
});
