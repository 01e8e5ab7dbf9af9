import fc from "fast-check";
import type { Dead, PacketMessage } from "../messages.ts";
import { addRumor, emptyQueue, retransmitLimit, takeRumors } from "./rumors.ts";
import type { RumorQueue } from "./rumors.ts";
import { compoundPartBytes, messageBytes } from "./sizes.ts";

function about(node: string): Dead {
  return { type: "dead", incarnation: 1, node, from: "x" };
}

const each = messageBytes(about("a"));

function take(q: RumorQueue, bytes: number, limit = 4): PacketMessage[] {
  const packet: PacketMessage[] = [];
  takeRumors({ random: 1 }, q, { bytes, count: 255, limit }, packet);
  return packet;
}

function nodes(messages: readonly PacketMessage[]): string[] {
  return messages.map((m) => (m.type === "dead" ? m.node : "?")).sort();
}

describe("the queue of rumours", () => {
  it.each([
    [1, 4],
    [9, 4],
    [10, 8],
    [100, 12],
    [1000, 16],
    [10_000, 20],
  ])("tells a rumour among %i members %i times", (members, times) => {
    expect(retransmitLimit(4, members)).toBe(times);
    const q = emptyQueue(10_000);
    addRumor(q, { key: "a", message: about("a") }, true);
    for (let i = 0; i < times; i += 1) expect(take(q, 1000, times)).toHaveLength(1);
    expect(take(q, 1000, times)).toHaveLength(0);
    expect(q).toMatchObject({ count: 0, bytes: 0 });
  });

  it("puts newer news of a member in the place of older", () => {
    const q = emptyQueue(10_000);
    addRumor(q, { key: "a", message: about("a") }, true);
    take(q, 1000);
    addRumor(q, { key: "a", message: { ...about("a"), incarnation: 2 } }, true);
    expect(take(q, 1000)).toEqual([{ ...about("a"), incarnation: 2 }]);
    expect(q.count).toBe(1);
  });

  it("tells first what was told least", () => {
    const q = emptyQueue(10_000);
    addRumor(q, { key: "a", message: about("a") }, true);
    take(q, 1000);
    addRumor(q, { key: "b", message: about("b") }, true);
    expect(nodes(take(q, each + compoundPartBytes))).toEqual(["b"]);
  });

  it("fills a packet to the byte, and not beyond", () => {
    const q = emptyQueue(10_000);
    for (const node of ["a", "b", "c"]) addRumor(q, { key: node, message: about(node) }, true);
    const two = 2 * (each + compoundPartBytes);
    expect(take(q, two)).toHaveLength(2);
    expect(take(q, two - 1)).toHaveLength(1);
  });

  it("takes exactly as many bytes as it may hold, then drops what was told most", () => {
    const q = emptyQueue(2 * each);
    expect(addRumor(q, { key: "a", message: about("a") }, true)).toBe(true);
    take(q, 1000);
    addRumor(q, { key: "b", message: about("b") }, true);
    expect(q.bytes).toBe(2 * each);
    addRumor(q, { key: "c", message: about("c") }, true);
    expect(q.bytes).toBe(2 * each);
    expect(nodes(take(q, 1000))).toEqual(["b", "c"]);
  });

  it("refuses what does not fit where nothing may be dropped, but replaces what has its key", () => {
    const q = emptyQueue(each);
    expect(addRumor(q, { key: "a", message: about("a") }, false)).toBe(true);
    expect(addRumor(q, { key: "b", message: about("b") }, false)).toBe(false);
    expect(addRumor(q, { key: "a", message: { ...about("a"), incarnation: 7 } }, false)).toBe(true);
    expect(q).toMatchObject({ count: 1, bytes: each });
  });

  it("counts its bytes right whatever happens, and never exceeds them", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e", "dddddddddddddddd");
    const action = fc.oneof(
      fc.record({ key: fc.option(name), node: name, evicts: fc.boolean() }),
      fc.nat({ max: 120 }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const q = emptyQueue(5 * each);
        for (const one of actions) {
          if (typeof one === "number") take(q, one, 3);
          else addRumor(q, { key: one.key, message: about(one.node) }, one.evicts);
          const left = q.tiers.flat();
          expect(q.bytes).toBe(left.reduce((sum, { bytes }) => sum + bytes, 0));
          expect(q.count).toBe(left.length);
          expect(q.bytes).toBeLessThanOrEqual(q.maxBytes);
        }
      }),
      { numRuns: 300 },
    );
  });
});
