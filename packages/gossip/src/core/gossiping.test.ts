import { acquainted, address, alive, Harness, row } from "../test-support/harness.ts";
import { ackPayloadMaxBytes, lanTiming } from "./options.ts";

/** When packets with news of `new` left. */
function rounds(h: Harness, ms: number): number[] {
  const at: number[] = [];
  for (let i = 0; i < ms; i += 1) {
    h.take();
    h.advance(1);
    const told = h.effects.filter(
      (e) => e.type === "packet" && e.messages.every((m) => m.type === "alive" && m.node === "new"),
    );
    if (told.length > 0) at.push(h.now);
  }
  return at;
}

const quiet = { timing: { probeIntervalMs: 10_000_000, pushPullIntervalMs: 0 } };

describe("gossip", () => {
  it("begins at once with what is new, then keeps its interval, and ends when all is told", () => {
    const h = acquainted(30, quiet);
    h.advance(10_000);
    const began = h.now;
    h.receive(alive("new", 99));
    const at = rounds(h, 5000);
    expect(at[0]! - began).toBeLessThanOrEqual(1);
    for (let i = 1; i < at.length; i += 1) {
      expect(at[i]! - at[i - 1]!).toBeGreaterThanOrEqual(lanTiming.gossipIntervalMs - 1);
    }
    expect(at.length).toBe(3); // eight times, to three members a round
    expect(h.core.status().rumors).toBe(0);
  });

  it("keeps its interval for what is new soon after", () => {
    const h = acquainted(30, quiet);
    h.advance(10_000);
    h.receive(alive("old", 98));
    h.advance(5);
    const before = h.now;
    h.receive(alive("new", 99));
    h.take();
    h.advance(150);
    expect(h.sentOf("alive")).toEqual([]);
    h.advance(60);
    expect(h.sentOf("alive").length).toBeGreaterThan(0);
    expect(h.now - before).toBe(210);
  });

  it("waits for somebody to tell it to", () => {
    const h = new Harness(quiet);
    h.step({ type: "broadcast", context: 1, key: null, payload: Uint8Array.of(1) });
    h.advance(1000);
    expect(h.sent()).toEqual([]);
    h.step({ type: "stream", stream: 1, from: address(2), message: tableOfA() });
    h.advance(10);
    expect(h.sentOf("user", address(2)).length).toBeGreaterThan(0);
  });

  it("drops what was told most when there is more than there may be, and notes it", () => {
    const h = acquainted(3, { ...quiet, limits: { rumorsMaxBytes: 1024 } });
    for (let i = 0; i < 30; i += 1) h.receive(alive(`node-${i}`, 20 + i));
    expect(h.core.status().rumorBytes).toBeLessThanOrEqual(1024);
    expect(h.core.members()).toHaveLength(34);
    expect(h.notes.filter(({ type }) => type === "rumorsFull").length).toBeGreaterThan(10);
  });

  it("tells news of members before what the layer above has to say", () => {
    const h = acquainted(3, { ...quiet, limits: { packetMaxBytes: 900 } });
    h.advance(5000);
    for (let i = 0; i < 5; i += 1) {
      h.step({ type: "broadcast", context: i, key: null, payload: new Uint8Array(400) });
      h.receive(alive(`node-${i}`, 20 + i, 1, "m".repeat(300)));
    }
    h.take();
    h.advance(1);
    const first = h.effects.find((effect) => effect.type === "packet");
    expect(first!.messages.map(({ type }) => type)).toEqual(["alive", "alive"]);
  });

  it("is no place for an ack that leaves no room: that is a bug of the host", () => {
    const h = new Harness();
    h.step({ type: "ackPayload", payload: new Uint8Array(ackPayloadMaxBytes) });
    const tooLong = new Uint8Array(ackPayloadMaxBytes + 1);
    expect(() => h.step({ type: "ackPayload", payload: tooLong })).toThrow("leaves room");
  });
});

function tableOfA() {
  const states = [row("a", 2)];
  return { type: "pushPull", join: true, states, userState: new Uint8Array(0) } as const;
}
