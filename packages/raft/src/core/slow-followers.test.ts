import { ack, ofType } from "../test-support/messages.ts";
import { sized } from "../test-support/logs.ts";
import { TestServer } from "../test-support/server.ts";
import type { ServerSetup } from "../test-support/server.ts";
import type { Message } from "../index.ts";
import { entryOverheadBytes } from "./log.ts";

const fromB = { from: "b", to: "a", term: 2 } as const;
const fromC = { from: "c", to: "a", term: 2 } as const;

/** Leads term 2; b and c have its log so far. */
function leader(options: ServerSetup = {}): TestServer {
  const server = new TestServer(options);
  server.win();
  server.receive(ack({ ...fromB, index: 2 }), ack({ ...fromC, index: 2 }));
  server.take();
  return server;
}

/** One command, which b takes at once. */
function write(server: TestServer, bytes: Uint8Array = Uint8Array.of(1)): void {
  server.proposeBytes(bytes);
  server.receive(ack({ ...fromB, index: server.status.lastIndex }));
}

function bytesOf(messages: readonly Message[]): number {
  return ofType(messages, "appendEntries")
    .flatMap(({ entries }) => entries)
    .reduce((sum, { data }) => sum + data.length + entryOverheadBytes, 0);
}

describe("a follower that is silent", () => {
  it("delays no commit of the others, and what is sent to it has an end", () => {
    const server = leader({ inflightMaxMessages: 8 });
    const toC: Message[] = [];
    for (let count = 0; count < 1000; count += 1) {
      write(server);
      expect(server.status.commitIndex).toBe(server.status.lastIndex); // without any tick
      toC.push(...server.take().filter((m) => m.to === "c"));
    }
    const carrying = ofType(toC, "appendEntries").filter(({ entries }) => entries.length > 0);
    expect(carrying).toHaveLength(8);
    // News of the commit index come up to what was sent, then there is silence.
    expect(toC.length).toBeLessThanOrEqual(2 * 8);
    expect(server.status.peers["c"]).toMatchObject({ inflightMessages: 8, paused: true });
  });

  it("costs a heartbeat in its time, and nothing more", () => {
    const server = leader({ inflightMaxMessages: 1 });
    write(server);
    write(server);
    server.take();
    for (let heartbeat = 0; heartbeat < 50; heartbeat += 1) {
      write(server);
      server.tick(2);
      const toC = server.take().filter((m) => m.to === "c");
      expect(toC).toMatchObject([{ type: "appendEntries", entries: [] }]);
    }
  });

  it("gets everything when it speaks again, a window at a time", () => {
    const server = leader({ inflightMaxMessages: 2, messageMaxEntries: 10 });
    for (let count = 0; count < 100; count += 1) write(server);
    let matched = 2;
    for (let round = 0; matched < server.status.lastIndex; round += 1) {
      expect(round).toBeLessThan(100);
      const sent = server.takeOf("appendEntries", "c").filter(({ entries }) => entries.length > 0);
      expect(sent.length).toBeLessThanOrEqual(2);
      matched = sent.at(-1)!.entries.at(-1)!.index;
      server.receive(ack({ ...fromC, index: matched }));
    }
  });
});

describe("the window of a follower (P2)", () => {
  const entryBytes = 100 + entryOverheadBytes;

  it.each([
    { messages: 1, sent: 1 },
    { messages: 2, sent: 2 },
    { messages: 64, sent: 64 },
    { messages: 65, sent: 65 },
  ])("of $messages messages holds $sent", ({ messages, sent }) => {
    const server = leader({ inflightMaxMessages: messages });
    for (let count = 0; count < 100; count += 1) write(server);
    const toC = server.takeOf("appendEntries", "c").filter(({ entries }) => entries.length > 0);
    expect(toC).toHaveLength(sent);
  });

  // A message may begin while a byte is free, so the last one may reach beyond.
  it.each([
    { bytes: 1, sent: 1 },
    { bytes: entryBytes, sent: 1 },
    { bytes: entryBytes + 1, sent: 2 },
    { bytes: 3 * entryBytes, sent: 3 },
    { bytes: 3 * entryBytes + 1, sent: 4 },
  ])("of $bytes bytes holds $sent messages of 124", ({ bytes, sent }) => {
    const server = leader({ inflightMaxBytes: bytes });
    for (let count = 0; count < 100; count += 1) write(server, sized(100));
    const toC = server.takeOf("appendEntries", "c");
    expect(bytesOf(toC)).toBe(sent * entryBytes);
  });

  it("never holds more than its bytes and one message, whatever the sizes", () => {
    const limits = { inflightMaxBytes: 5000, messageMaxBytes: 2000, uncommittedMaxBytes: 1 << 20 };
    const server = leader(limits);
    for (let count = 0; count < 300; count += 1) write(server, sized((count * 397) % 1900));
    const out = server.status.peers["c"]!.inflightBytes;
    expect(out).toBe(bytesOf(server.takeOf("appendEntries", "c")));
    expect(out).toBeLessThan(5000 + 2000);
  });
});

describe("a command that is too large", () => {
  it("is refused with nothing lost: what came before and comes after is replicated", () => {
    const server = leader({ entryMaxBytes: 10 });
    write(server, sized(10));
    server.proposeBytes(sized(11));
    expect(server.takeOutcomes().at(-1)).toMatchObject({
      type: "proposalRefused",
      refusal: { reason: "tooLarge", maxBytes: 10 },
    });
    write(server, sized(10));
    expect(server.status).toMatchObject({ lastIndex: 4, commitIndex: 4 });
    expect(server.state).toHaveLength(2);
  });
});

describe("a follower that is cut off for 100,000 entries", () => {
  it("leaves the leader with a log of bounded length and a window of bounded size", () => {
    const server = leader();
    const [every, retained] = [8000, 4000];
    const ten = Array.from({ length: 10 }, () => Uint8Array.of(1));
    let longest = 0;
    for (let count = 10; count <= 100_000; count += 10) {
      server.proposeBytes(...ten);
      server.receive(ack({ ...fromB, index: server.status.lastIndex }));
      if (count % every === 0) server.saveSnapshot(retained);
      longest = Math.max(longest, server.status.lastIndex - server.status.firstIndex + 1);
      if (count % 1000 === 0) server.tick();
      server.take();
    }
    expect(longest).toBeLessThanOrEqual(every + retained);
    expect(server.disk.entries.length).toBeLessThanOrEqual(every + retained);
    const { inflightMessages, inflightBytes } = server.status.peers["c"]!;
    expect(inflightMessages).toBeLessThanOrEqual(server.options.inflightMaxMessages);
    expect(inflightBytes).toBeLessThanOrEqual(server.options.inflightMaxBytes);
    expect(server.status.commitIndex).toBe(server.status.lastIndex);
  });
});
