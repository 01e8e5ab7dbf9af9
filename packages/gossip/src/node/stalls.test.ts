/** A member that stood still must not blame others for it. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { defaultVersions } from "../core/options.ts";
import { plain } from "../test-support/ciphers.ts";
import { fastTiming, Members, until } from "../test-support/members.ts";
import type { Note } from "../core/door.ts";
import type { PacketMessage } from "../messages.ts";
import type { Address } from "../types.ts";
import { encodeMessage } from "../wire/message-encoder.ts";
import { decodePacket, encodePacket } from "../wire/packet.ts";

const members = new Members();
let peer: Socket;
beforeEach(async () => {
  peer = createSocket({
    type: "udp4",
    // At once: what is sent lies in the other one's socket when `send` returns.
    lookup: (hostname, _options, callback) => callback(null, hostname, 4),
  });
  const bound = once(peer, "listening");
  peer.bind(0, "127.0.0.1");
  await bound;
});
afterEach(async () => {
  await members.closeAll();
  peer.close();
});

function say(message: PacketMessage, to: Address): void {
  peer.send(
    encodePacket([encodeMessage(message)], { crc: false, compress: false }, plain),
    to.port,
    to.host,
  );
}

/** Nothing is read, and no timer fires. */
function standStill(forMs: number): void {
  const wakesAt = performance.now() + forMs;
  while (performance.now() < wakesAt);
}

/** Lets timers fire and sockets be read, so many times. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

describe("a member that stood still", () => {
  // 0: without the core's own look at late ticks, so that all depends on what is read before one.
  it.each([0, 60])("reads what lies in its socket before it judges (%d)", async (stallMs) => {
    const notes: Note[] = [];
    const a = await members.start("a", {
      timing: { ...fastTiming, stallMs },
      observer: { onNote: (note) => notes.push(note) },
    });
    let answered = 0;
    peer.on("message", (bytes) => {
      for (const message of decodePacket(bytes, plain).messages) {
        if (message.type !== "ping") continue;
        say({ type: "ack", seqNo: message.seqNo, payload: new Uint8Array(0) }, a.address);
        standStill(2 * fastTiming.probeIntervalMs); // its verdict falls due, and the answer is here
        answered += 1;
      }
    });
    say(
      {
        type: "alive",
        incarnation: 1,
        node: "b",
        address: { host: "127.0.0.1", port: peer.address().port },
        meta: new Uint8Array(0),
        versions: defaultVersions,
      },
      a.address,
    );
    await until(() => answered >= 4);
    expect(notes.filter(({ type }) => type === "probeFailed")).toEqual([]);
    expect(a.status().suspects).toBe(0);
    if (stallMs > 0) expect(notes.map(({ type }) => type)).toContain("stalled");
  });

  it("tells the core of a standstill between two ticks", async () => {
    const stalls: number[] = [];
    const a = await members.start("a", {
      timing: { ...fastTiming, probeIntervalMs: 60_000, joinRetryMs: 60_000, stallMs: 200 },
      observer: {
        onNote: (note) => {
          if (note.type === "stalled") stalls.push(note.forMs);
        },
      },
    });
    // Again, if a tick was due at the same time by chance, or nobody had looked yet when it began.
    while (stalls.length === 0) {
      standStill(500);
      await turns(3);
    }
    expect(stalls[0]).toBeGreaterThan(200);
    expect(a.status().health).toBeGreaterThan(0);
  });
});
