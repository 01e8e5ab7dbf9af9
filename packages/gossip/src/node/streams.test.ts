import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { hex } from "../test-support/bytes.ts";
import { plain } from "../test-support/ciphers.ts";
import { fastTiming, Members, until } from "../test-support/members.ts";
import type { PushPull, PushPullState } from "../messages.ts";
import type { GossipNode } from "./gossip-node.ts";
import { StreamDecoder } from "../wire/stream-decoder.ts";
import { encodeStream } from "../wire/stream-encoder.ts";
import { INCOMING_STREAMS_MAX } from "./streams.ts";

const members = new Members();
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await members.closeAll();
});

function dial(node: GossipNode): Socket {
  const socket = connect(node.address.port, node.address.host);
  socket.on("error", () => undefined); // some of these are meant to be cut
  sockets.push(socket);
  return socket;
}

/** The message that a socket answers with, or null if it closes first. */
async function answerOf(socket: Socket): Promise<string | null> {
  const decoder = new StreamDecoder(plain);
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  // Not `once`: it would throw for a reset, which is an answer as good as any.
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  for (const chunk of chunks) decoder.push(chunk);
  let step = decoder.step();
  while (step.kind === "more") step = decoder.step();
  return step.kind === "message" ? step.message.type : null;
}

const ping = encodeStream(
  { type: "ping", seqNo: 1, node: "a", source: null },
  { compress: true },
  plain,
);

describe("streams of strangers", () => {
  it("a probe over TCP is answered, one for another name is not", async () => {
    const a = await members.start("a");
    const socket = dial(a);
    socket.write(ping);
    expect(await answerOf(socket)).toBe("ack");
    const other = dial(a);
    other.write(
      encodeStream({ type: "ping", seqNo: 1, node: "b", source: null }, { compress: false }, plain),
    );
    expect(await answerOf(other)).toBeNull();
  });

  it("what is wrong is answered by an error", async () => {
    const a = await members.start("a");
    const socket = dial(a);
    socket.write(hex("0a ffffffff"));
    expect(await answerOf(socket)).toBe("error");
  });

  it("a stream that drips is closed when its time is over", async () => {
    const a = await members.start("a", { timing: { ...fastTiming, streamTimeoutMs: 300 } });
    const socket = dial(a);
    const began = performance.now();
    socket.resume();
    socket.write(hex("08 81 aa 557365724d73674c656e ce 000fffff"));
    const drip = setInterval(() => socket.write(Uint8Array.of(8)), 20);
    await once(socket, "close");
    clearInterval(drip);
    expect(performance.now() - began).toBeGreaterThan(250);
  });

  it("beyond 128 at a time further ones are closed, and later ones served again", async () => {
    const a = await members.start("a");
    const held = Array.from({ length: INCOMING_STREAMS_MAX }, () => dial(a));
    await Promise.all(held.map((socket) => once(socket, "connect")));
    // All of them are counted once one that comes after them was seen to be closed.
    const extra = dial(a);
    extra.write(ping);
    expect(await answerOf(extra)).toBeNull();
    for (const socket of held) socket.destroy();
    await until(async () => {
      const again = dial(a);
      again.write(ping);
      return (await answerOf(again)) === "ack";
    });
  });
});

describe("a large table", () => {
  function row(index: number): PushPullState {
    return {
      name: `node-${index}.dc1.example.com`,
      address: { host: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 7_946 },
      meta: new Uint8Array(40).fill(index),
      incarnation: 1,
      state: "left",
      versions: null,
    };
  }

  it("is decoded slice by slice: none of them holds up the others", () => {
    const states = Array.from({ length: 10_000 }, (_, index) => row(index));
    const table: PushPull = { type: "pushPull", join: false, states, userState: new Uint8Array(0) };
    for (const compress of [false, true]) {
      const bytes = encodeStream(table, { compress }, plain);
      const decoder = new StreamDecoder(plain);
      decoder.push(bytes);
      const slices: number[] = [];
      let step;
      do {
        const began = process.cpuUsage();
        step = decoder.step();
        const { user, system } = process.cpuUsage(began);
        slices.push((user + system) / 1_000);
      } while (step.kind === "more");
      expect(step).toMatchObject({ kind: "message" });
      // The figures are those of the report of a release; here only their order is held.
      expect(slices.length).toBeGreaterThan(40);
      slices.sort((x, y) => x - y);
      expect(slices[Math.floor(slices.length * 0.9)]).toBeLessThan(20);
    }
  });

  it("reaches a member over a real socket", async () => {
    const a = await members.start("a");
    const states = Array.from({ length: 10_000 }, (_, index) => row(index));
    const socket = dial(a);
    socket.write(
      encodeStream(
        { type: "pushPull", join: false, states, userState: new Uint8Array(0) },
        { compress: true },
        plain,
      ),
    );
    expect(await answerOf(socket)).toBe("pushPull");
  });
});
