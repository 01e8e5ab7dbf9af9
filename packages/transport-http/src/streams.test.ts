import type { Message } from "@counter/raft";

import { clusterTagOf } from "./codec/frame.ts";
import { frameOf, reseal } from "./test-support/frames.ts";
import { appendOf, numbered, oneOfEach } from "./test-support/messages.ts";
import { Nodes } from "./test-support/node.ts";
import { Proxy } from "./test-support/proxy.ts";
import { ask, handshakeHeaders } from "./test-support/raw.ts";

const nodes = new Nodes();
afterEach(() => nodes.closeAll());

const ends = { from: "n1", to: "n2" };
const back = { from: "n2", to: "n1" };
const blue = clusterTagOf("blue");

describe("messages between nodes", () => {
  it("arrive in order and equal, of every type", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const sent = [...oneOfEach(ends), ...oneOfEach(ends).reverse()];
    for (const message of sent) n1!.transport.send(message);
    await n2!.watch.until(() => n2!.received.length === sent.length);
    expect(n2!.received).toEqual(sent);
  });

  it("arrive in order when they are many and large", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const sent = Array.from({ length: 60 }, (_, i) =>
      appendOf(ends, { first: 1 + i * 10, count: 10, dataBytes: i * 500 }),
    );
    for (const message of sent) n1!.transport.send(message);
    await n2!.watch.until(() => n2!.received.length === sent.length);
    // As bytes: comparing large arrays element by element takes very long.
    const bytesOfAll = (messages: Message[]): Buffer =>
      Buffer.concat(messages.map((message) => frameOf(message)));
    expect(bytesOfAll(n2!.received).equals(bytesOfAll(sent))).toBe(true);
    expect(n1!.transport.stats().peers["n2"]).toMatchObject({
      sent: 60,
      dropped: 0,
      queuedBytes: 0,
    });
    expect(n2!.transport.stats().peers["n1"]).toMatchObject({ received: 60, malformed: 0 });
  });

  it("arrive when the network passes every byte on alone", async () => {
    const [n1, n2] = [await nodes.listen({ id: "n1" }), await nodes.listen({ id: "n2" })];
    const proxy = await Proxy.to(n2.port);
    proxy.set({ forth: "split", back: "split" });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    n1.transport.setMembers([{ id: "n2", address: proxy.address }]);
    await n1.dialled("n2");
    const sent = oneOfEach(ends);
    for (const message of sent) n1.transport.send(message);
    await n2.watch.until(() => n2.received.length === sent.length);
    expect(n2.received).toEqual(sent);
    await proxy.close();
  });

  it("are answered on the peer's stream while it cannot be dialled", async () => {
    const [n1, n2] = [await nodes.listen({ id: "n1" }), await nodes.listen({ id: "n2" })];
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    n1.transport.setMembers([n2.member]);
    await n1.dialled("n2");
    n2.transport.send(numbered(back, 1));
    await n1.watch.until(() => n1.received.length === 1);
    expect(n1.received).toEqual([numbered(back, 1)]);
  });

  it("of other nodes cannot be sent", async () => {
    const n1 = await nodes.listen({ id: "n1" });
    expect(() => n1.transport.send(numbered(back, 1))).toThrow(/cannot leave n1/);
  });

  it("to nodes that nobody knows are dropped and counted", async () => {
    const n1 = await nodes.listen({ id: "n1" });
    n1.transport.send(numbered(ends, 1));
    expect(n1.transport.stats().droppedUnknownPeer).toBe(1);
  });

  it("larger than a frame are dropped, not sent to be refused", async () => {
    const limits = { frameMaxBytes: 2048 };
    const [n1, n2] = await nodes.cluster({ id: "n1", limits }, { id: "n2", limits });
    n1!.transport.send(appendOf(ends, { dataBytes: 3000 }));
    n1!.transport.send(numbered(ends, 1));
    const { reason, count } = await n1!.event("dropped");
    expect({ reason, count }).toEqual({ reason: "tooLarge", count: 1 });
    await n2!.watch.until(() => n2!.received.length === 1);
    expect(n2!.received).toEqual([numbered(ends, 1)]);
  });
});

describe("frames that are not for us", () => {
  /** A stream from n1 to a node n2, made by hand. */
  async function streamTo(): Promise<{
    n2: Awaited<ReturnType<Nodes["listen"]>>;
    write: (frame: Buffer) => void;
  }> {
    const n2 = await nodes.listen({ id: "n2" });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const { socket } = await ask(n2.port, handshakeHeaders(ends));
    return { n2, write: (frame) => socket!.write(frame) };
  }

  it.each([
    { what: "a newer major version", at: 8, value: 0x20, reason: "newerVersion" },
    { what: "an unknown type", at: 9, value: 77, reason: "unknownType" },
    { what: "another cluster", at: 13, value: 0, reason: "foreignCluster" },
  ])("$what: dropped and counted, and the stream goes on", async ({ at, value, reason }) => {
    const { n2, write } = await streamTo();
    for (let i = 0; i < 3; i += 1) {
      const frame = frameOf(numbered(ends, 1), blue);
      frame[at] = value;
      write(reseal(frame));
    }
    write(frameOf(numbered(ends, 2), blue));
    await n2.watch.until(() => n2.received.length === 1);
    expect(n2.received).toEqual([numbered(ends, 2)]);
    expect(n2.transport.stats().peers["n1"]).toMatchObject({
      ignored: 3,
      malformed: 0,
      connected: true,
    });
    const ignored = n2.events.filter(({ type }) => type === "ignored");
    expect(ignored).toEqual([{ type: "ignored", peer: "n1", reason }]);
  });

  it("a newer minor version: delivered without the fields that we do not know", async () => {
    const { n2, write } = await streamTo();
    const frame = Buffer.concat([frameOf(numbered(ends, 1), blue), Buffer.from([1, 2, 3])]);
    frame[8] = 0x11;
    write(reseal(frame));
    await n2.watch.until(() => n2.received.length === 1);
    expect(n2.received).toEqual([numbered(ends, 1)]);
  });
});

describe("members that come and go", () => {
  it("a member that moved is dialled at its new address", async () => {
    const [n1] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const moved = await nodes.listen({ id: "n2" });
    moved.transport.setMembers([n1!.member]);
    n1!.transport.setMembers([moved.member]);
    await n1!.event("disconnected", ({ direction }) => direction === "dialled");
    await n1!.dialled("n2");
    n1!.transport.send(numbered(ends, 1));
    await moved.watch.until(() => moved.received.length === 1);
  });

  it("a removed member hears the last messages, and is let go of then", async () => {
    const limits = { lingerMs: 30 };
    const [n1, n2] = await nodes.cluster({ id: "n1", limits }, { id: "n2" });
    n1!.transport.setMembers([n1!.member]);
    n1!.transport.send(numbered(ends, 1));
    await n2!.watch.until(() => n2!.received.length === 1);
    await n1!.event("disconnected", ({ reason }) => reason === "not a member any more");
    await n1!.watch.until(() => n1!.transport.stats().peers["n2"] === undefined);
    const { code } = await n2!.event("refused");
    expect(code).toBe("not-a-member");
  });

  it("a member that is added again in time keeps its streams", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    n1!.transport.setMembers([n1!.member]);
    n1!.transport.setMembers([n1!.member, n2!.member]);
    await n1!.watch.until(() => n1!.isConnected("n2"));
    n1!.transport.send(numbered(ends, 1));
    await n2!.watch.until(() => n2!.received.length === 1);
  });

  it("an address that cannot be dialled is reported and stops nobody else", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    n1!.transport.setMembers([n2!.member, { id: "n3", address: "nowhere" }]);
    expect(await n1!.event("badAddress")).toMatchObject({ peer: "n3", address: "nowhere" });
    n1!.transport.send(numbered(ends, 1));
    await n2!.watch.until(() => n2!.received.length === 1);
  });

  it("labels are for people, in any script", async () => {
    const [n1] = await nodes.cluster({ id: "n1" }, { id: "n2", label: "Zürich 2 🌍" });
    expect(n1!.transport.stats().peers["n2"]?.label).toBe("Zürich 2 🌍");
  });
});
