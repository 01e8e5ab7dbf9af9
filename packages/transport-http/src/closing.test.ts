import type { Server } from "node:http";
import { Duplex } from "node:stream";

import { HttpTransport } from "./http-transport.ts";
import { defaultTransportLimits, resolveLimits } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { encodeMessage } from "./codec/encode.ts";
import { TAG } from "./test-support/frames.ts";
import { appendOf, numbered } from "./test-support/messages.ts";
import { Directory, Nodes } from "./test-support/node.ts";
import { ask, handshakeHeaders } from "./test-support/raw.ts";
import { turn, turnsUntil } from "./test-support/watch.ts";

const nodes = new Nodes();
afterEach(() => nodes.closeAll());

const ends = { from: "n1", to: "n2" };
const options = {
  ...{ id: "n1", clusterId: "blue", directoryId: "d1" },
  knownDirectories: new Directory(),
};

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

describe("closing", () => {
  it("sends what was queued in this turn, then hangs up; twice is once", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    n1!.transport.send(numbered(ends, 1));
    const closing = n1!.transport.close();
    expect(n1!.transport.close()).toBe(closing);
    await closing;
    await n2!.watch.until(() => n2!.received.length === 1);
    await n2!.watch.until(() => !n2!.isConnected("n1"));
  });

  it("leaves no socket and no timer behind, whatever was under way", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const gone = { id: "n3", address: "127.0.0.1:1" };
    n1!.transport.setMembers([n2!.member, gone, { id: "n4", address: n2!.member.address }]);
    n1!.transport.send(numbered(ends, 1));
    await n1!.transport.close();
    await n2!.transport.close();
    for (const { server } of [n1!, n2!]) while ((await connectionsOf(server)) > 0) await turn();
    expect(n1!.server.listenerCount("upgrade")).toBe(0);
  });

  it("nothing is delivered, reported or sent afterwards", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    await n1!.transport.close();
    const before = [n1!.received.length, n1!.unreachablePeers.length, n1!.events.length];
    n1!.transport.send(numbered(ends, 1));
    n1!.transport.setMembers([n2!.member]);
    await turn();
    expect([n1!.received.length, n1!.unreachablePeers.length, n1!.events.length]).toEqual(before);
    expect(n1!.transport.stats().droppedUnknownPeer).toBe(1);
  });

  it("ends handshakes that are under way", async () => {
    const asked: (() => void)[] = [];
    const remember = (): Promise<void> => new Promise((resolve) => asked.push(resolve));
    const knownDirectories = { get: () => null, remember };
    const n2 = await nodes.listen({ id: "n2", knownDirectories });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const asking = ask(n2.port, handshakeHeaders(ends)).catch((error: unknown) => error);
    await turnsUntil(() => asked.length > 0);
    await n2.transport.close();
    asked[0]!();
    expect(await asking).toMatchObject({ code: "ECONNRESET" });
  });

  it("before the start is fine, too", async () => {
    const transport = new HttpTransport(options);
    transport.setMembers([{ id: "n2", address: "127.0.0.1:1" }]);
    await transport.close();
    expect(() => transport.start(undefined as never)).toThrow(/started already/);
  });
});

describe("one write for each turn", () => {
  /** A socket that counts what is written to it, and completes when told. */
  class Counting extends Duplex {
    readonly writes: number[] = [];
    readonly pending: (() => void)[] = [];
    override _read(): void {
      // nothing comes in
    }
    override _write(chunk: Buffer, _: string, done: () => void): void {
      this.writes.push(chunk.length);
      this.pending.push(done);
    }
    override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
      this.writes.push(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
      this.pending.push(done);
    }
  }

  it.each([
    { what: "small messages", dataBytes: 10 },
    { what: "large messages", dataBytes: 50_000 },
  ])("$what leave together", ({ dataBytes }) => {
    const socket = new Counting();
    const outbox = new Outbox(socket, defaultTransportLimits);
    const frame = encodeMessage(appendOf(ends, { dataBytes }), TAG);
    for (let i = 0; i < 5; i += 1) outbox.push(frame);
    outbox.flush();
    expect(socket.writes).toEqual([5 * frame.byteLength]);
  });

  it("a socket that asks to wait gets the rest in one write when it drained", async () => {
    const socket = new Counting();
    const outbox = new Outbox(socket, defaultTransportLimits);
    const frame = encodeMessage(appendOf(ends, { dataBytes: 20_000 }), TAG);
    for (let i = 0; i < 3; i += 1) {
      outbox.push(frame);
      outbox.flush();
    }
    expect(socket.writes).toEqual([frame.byteLength]);
    expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([3, 3 * frame.byteLength]);
    socket.pending.shift()!();
    await turn();
    expect(socket.writes).toEqual([frame.byteLength, 2 * frame.byteLength]);
    socket.pending.shift()!();
    await turn();
    expect([outbox.queuedMessages, outbox.queuedBytes, outbox.sent]).toEqual([0, 0, 3]);
  });
});

describe("options", () => {
  it.each([
    { what: "an empty id", change: { id: "" } },
    { what: "a cluster id with a space", change: { clusterId: "a b" } },
    { what: "an endless directory id", change: { directoryId: "d".repeat(129) } },
    { what: "a relative path", change: { path: "raft" } },
    { what: "a path with a query", change: { path: "/raft?x" } },
    { what: "an endless label", change: { label: "x".repeat(129) } },
    { what: "half a character as label", change: { label: "\ud800" } },
    { what: "a queue smaller than a frame", change: { limits: { queueMaxBytes: 1024 * 1024 } } },
    { what: "an idle timeout of one ping", change: { limits: { idleTimeoutMs: 1000 } } },
    { what: "a limit of zero", change: { limits: { queueMaxMessages: 0 } } },
    { what: "a shrinking backoff", change: { limits: { backoffMaxMs: 49 } } },
    { what: "a tiny frame", change: { limits: { frameMaxBytes: 1023 } } },
  ])("$what is refused", ({ change }) => {
    expect(() => resolveLimits({ ...options, ...change })).toThrow(RangeError);
  });

  it("the defaults are fine", () => {
    expect(resolveLimits(options)).toEqual(defaultTransportLimits);
  });
});
