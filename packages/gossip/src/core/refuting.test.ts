import type { PacketMessage } from "../messages.ts";
import { acquainted, alive, optionsOf } from "../test-support/harness.ts";
import { GossipCore } from "./gossip-core.ts";
import { uint32Max } from "./options.ts";

function suspect(node: string, incarnation = 1, from = "x"): PacketMessage {
  return { type: "suspect", incarnation, node, from };
}

function dead(node: string, incarnation = 1, from = "x"): PacketMessage {
  return { type: "dead", incarnation, node, from };
}

describe("what is said of ourselves", () => {
  it.each<[string, PacketMessage, number]>([
    ["suspected", suspect("self", 1), 2],
    ["given up", dead("self", 1), 2],
    ["said to have left", dead("self", 4, "self"), 5],
    ["known from an earlier life", alive("self", 1, 6), 7],
    ["known with other metadata", alive("self", 1, 1, "old"), 2],
  ])("%s: is answered with a larger incarnation", (_, message, incarnation) => {
    const h = acquainted(3);
    h.receive(message);
    h.advance(1);
    expect(h.core.status().incarnation).toBe(incarnation);
    expect(h.sentOf("alive")).toContainEqual(
      expect.objectContaining({ node: "self", incarnation }),
    );
  });

  it("costs health if it is a doubt, and is not answered if it is old", () => {
    const h = acquainted(3, { incarnation: 5 });
    h.receive(suspect("self", 4), dead("self", 4), alive("self", 1, 4));
    expect(h.core.status()).toMatchObject({ incarnation: 5, health: 0 });
    h.receive(suspect("self", 5));
    expect(h.core.status()).toMatchObject({ incarnation: 6, health: 1 });
    h.receive(suspect("self", 5));
    expect(h.core.status()).toMatchObject({ incarnation: 6, health: 1 });
  });

  it("is not answered beyond the largest step, so that nobody uses incarnations up", () => {
    const h = acquainted(3, { limits: { incarnationJumpMax: 1000 } });
    h.receive(suspect("self", 1002), dead("self", uint32Max), alive("self", 1, 1002));
    expect(h.core.status().incarnation).toBe(1);
    h.receive(suspect("self", 1001));
    expect(h.core.status().incarnation).toBe(1002);
  });
});

describe("a run", () => {
  it("repeats with the same options and inputs", () => {
    const run = (): string => {
      const h = acquainted(20, { seed: 9 });
      h.receive(suspect("a"), alive("n", 40), dead("b"));
      h.advance(60_000);
      return JSON.stringify(h.effects);
    };
    expect(run()).toBe(run());
  });

  it("does not mind a clock that goes back", () => {
    const core = new GossipCore(optionsOf(), 1000);
    core.step({ type: "tick" }, 3000);
    const deadline = core.nextDeadline();
    core.step({ type: "tick" }, 500);
    expect(core.nextDeadline()).toBe(deadline);
  });
});
