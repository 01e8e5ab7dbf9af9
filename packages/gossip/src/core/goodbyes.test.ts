/** Who missed the goodbye of a member is told of it (B8). */
import { acquainted, address } from "../test-support/harness.ts";
import type { Harness } from "../test-support/harness.ts";
import type { PacketMessage } from "../messages.ts";

const goodbye = { type: "dead", incarnation: 1, node: "a", from: "a" } as const;

/** A member that knows that `a` left, and has told of it as often as it does. */
function informed(): Harness {
  const h = acquainted(3);
  h.receive(goodbye);
  h.advance(10_000);
  h.take();
  return h;
}

const repeated = (h: Harness, last: number): PacketMessage[] => h.sentOf("dead", address(last));

describe("a member that left", () => {
  it.each(["suspect", "dead"] as const)("is told of to whoever says %s of it", (type) => {
    const h = informed();
    h.step({
      type: "packet",
      from: address(50),
      messages: [{ type, incarnation: 1, node: "a", from: "b" }],
    });
    expect(repeated(h, 50)).toEqual([goodbye]);
    expect(h.story).toEqual([]);
  });

  it("is told of to whoever wants it pinged, at the address that it gives", () => {
    const h = informed();
    h.receive({
      ...{ type: "indirectPing", seqNo: 7, target: address(2), node: "a", nack: true },
      source: { address: address(60), node: "b" },
    });
    expect(repeated(h, 60)).toEqual([goodbye]);
  });

  it("is no reason to say anything to those who know, or who know a later life", () => {
    const h = informed();
    h.receive(goodbye);
    expect(h.sent()).toEqual([]);
    h.receive({ type: "suspect", incarnation: 2, node: "a", from: "b" });
    expect(repeated(h, 99)).toEqual([]);
    expect(h.story).toEqual(["join a", "suspect a"]);
  });

  it("is the only one: nobody is told again that somebody failed", () => {
    const h = acquainted(3);
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "b" });
    h.advance(10_000);
    h.take();
    h.receive({ type: "suspect", incarnation: 1, node: "a", from: "c" });
    expect(repeated(h, 99)).toEqual([]);
  });
});
