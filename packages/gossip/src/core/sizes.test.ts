import type { PacketMessage } from "../messages.ts";
import { acquainted, alive } from "../test-support/harness.ts";
import { messageBytes, packetBytes, utf8Bytes } from "./sizes.ts";

describe("sizes on the wire", () => {
  it.each(["", "abc", "é", "€", "😀", "a😀b", "\ud800", "\udc00x", "😀\ud83d"])(
    "count the bytes of %j as UTF-8 has them",
    (text) => {
      expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
    },
  );

  it.each<[PacketMessage, number]>([
    // type, map, "SeqNo" + 1, "Payload" + empty
    [{ type: "ack", seqNo: 1, payload: new Uint8Array(0) }, 1 + 1 + (6 + 1) + (8 + 1)],
    [{ type: "nack", seqNo: 300 }, 1 + 1 + (6 + 3)],
    [{ type: "ping", seqNo: 70_000, node: "ab", source: null }, 1 + 1 + (6 + 5) + (5 + 3)],
    [
      { type: "suspect", incarnation: 200, node: "a", from: "b" },
      1 + 1 + (12 + 2) + (5 + 2) + (5 + 2),
    ],
    [{ type: "user", payload: new Uint8Array(40) }, 1 + 40],
    [
      alive("a".repeat(32), 1),
      1 + 1 + (12 + 1) + (5 + 3 + 32) + (5 + 5) + (5 + 3) + (5 + 1) + (4 + 7),
    ],
  ])("of %j is %i", (message, bytes) => {
    expect(messageBytes(message)).toBe(bytes);
  });

  it("of a packet count the compound only where there are several", () => {
    const one: PacketMessage = { type: "nack", seqNo: 1 };
    expect(packetBytes([one])).toBe(messageBytes(one));
    expect(packetBytes([one, one])).toBe(2 + 2 * (2 + messageBytes(one)));
  });

  it("of packets that leave are never above the limit, and leave room for the host", () => {
    const h = acquainted(3, { limits: { packetMaxBytes: 1000, packetReservedBytes: 50 } });
    for (let i = 0; i < 200; i += 1) h.receive(alive(`node-${i}`, 20 + i, 1, "m".repeat(i)));
    h.advance(3000);
    h.step({ type: "send", context: 1, to: "a", payload: new Uint8Array(600), reliable: false });
    let largest = 0;
    for (const effect of h.effects) {
      if (effect.type === "packet") largest = Math.max(largest, packetBytes(effect.messages));
    }
    expect(largest).toBeLessThanOrEqual(950);
    expect(largest).toBeGreaterThan(850);
  });
});
