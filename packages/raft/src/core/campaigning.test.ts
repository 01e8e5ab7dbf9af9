import { members } from "../test-support/logs.ts";
import { append, requestVote } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";
import { configurationOf, encodeConfiguration } from "./configuration.ts";

const toA = { from: "b", to: "a" } as const;

describe("who campaigns", () => {
  it("a learner does not, however long it hears nothing", () => {
    const configuration = { ...configurationOf(members("a", "b")), voters: ["b"], learners: ["a"] };
    const data = encodeConfiguration(configuration);
    const server = new TestServer();
    const entries = [{ index: 2, term: 2, kind: "configuration", data }] as const;
    server.receive(append({ ...toA, term: 2, prev: "1@1", entries, commit: 2 }));
    server.take();
    server.tick(100);
    expect(server.rank).toBe("follower 2");
    expect(server.takeLines()).toEqual([]);
  });

  it("a learner votes: it may have been promoted and not know it yet (§4.2.1)", () => {
    const configuration = { ...configurationOf(members("a", "b")), voters: ["b"], learners: ["a"] };
    const data = encodeConfiguration(configuration);
    const server = new TestServer();
    const entries = [{ index: 2, term: 2, kind: "configuration", data }] as const;
    server.receive(append({ ...toA, term: 2, prev: "1@1", entries }));
    server.tick(10);
    const request = requestVote({ ...toA, term: 3, last: "2@2" });
    server.receive(request);
    expect(server.takeLines().at(-1)).toBe("a -> b  t3  vote granted");
  });

  function silenceOf(server: TestServer): number {
    let ticks = 0;
    for (; server.status.role === "follower"; ticks += 1) server.tick();
    return ticks;
  }

  it("a follower does after a silence of one to two election timeouts (§5.2)", () => {
    const silences = new Set<number>();
    for (let seed = 0; seed < 100; seed += 1) {
      const server = new TestServer({ seed });
      server.receive(append({ ...toA, term: 2, prev: "1@1" }));
      silences.add(silenceOf(server));
    }
    expect([Math.min(...silences), Math.max(...silences)]).toEqual([10, 19]);
  });

  it("a server that has just started does after a few heartbeats, not all at once", () => {
    const silences = new Set<number>();
    for (let seed = 0; seed < 100; seed += 1) silences.add(silenceOf(new TestServer({ seed })));
    expect([Math.min(...silences), Math.max(...silences)]).toEqual([6, 15]);
  });

  it("a server that is alone in its cluster does at its first tick: nobody else could lead", () => {
    const server = new TestServer({ members: ["a"] });
    server.tick();
    expect(server.rank).toBe("leader 2");
  });

  it("a follower that hears its leader does not", () => {
    const server = new TestServer();
    for (let round = 0; round < 20; round += 1) {
      server.receive(append({ ...toA, term: 2, prev: "1@1" }));
      server.tick(9);
      expect(server.rank).toBe("follower 2");
    }
  });

  it("a leader is not disturbed by being told to campaign", () => {
    const server = new TestServer();
    server.win();
    server.take();
    server.step({ type: "campaign" });
    expect(server.rank).toBe("leader 2");
    expect(server.takeLines()).toEqual([]);
  });
});
