import fc from "fast-check";
import type { PacketMessage } from "../messages.ts";
import { acquainted, address, alive, Harness, letter } from "../test-support/harness.ts";
import { conflictIntervalMs } from "./refuting.ts";
import { uint32Max } from "./options.ts";

function suspect(node: string, incarnation = 1, from = "x"): PacketMessage {
  return { type: "suspect", incarnation, node, from };
}

function dead(node: string, incarnation = 1, from = "x"): PacketMessage {
  return { type: "dead", incarnation, node, from };
}

describe("events (B1, B4)", () => {
  it.each<{ heard: PacketMessage[]; told: string[] }>([
    { heard: [alive("n", 9)], told: ["join n"] },
    { heard: [alive("n", 9), alive("n", 9)], told: ["join n"] },
    { heard: [alive("n", 9), alive("n", 9, 2)], told: ["join n"] },
    { heard: [alive("n", 9), alive("n", 9, 2, "m")], told: ["join n", "update n"] },
    { heard: [alive("n", 9, 2), alive("n", 9, 1, "m")], told: ["join n"] },
    { heard: [suspect("n")], told: [] },
    { heard: [dead("n")], told: [] },
    { heard: [alive("n", 9), suspect("n")], told: ["join n", "suspect n"] },
    { heard: [alive("n", 9), suspect("n"), alive("n", 9)], told: ["join n", "suspect n"] },
    { heard: [alive("n", 9, 2), suspect("n", 1)], told: ["join n"] },
    {
      heard: [alive("n", 9), suspect("n"), alive("n", 9, 2)],
      told: ["join n", "suspect n", "alive n"],
    },
    {
      heard: [alive("n", 9), suspect("n", 2), alive("n", 9, 2, "m")],
      told: ["join n", "suspect n", "update n"],
    },
    { heard: [alive("n", 9), dead("n"), suspect("n")], told: ["join n", "failed n"] },
    { heard: [alive("n", 9), dead("n", 1, "n")], told: ["join n", "leave n"] },
    {
      heard: [alive("n", 9), dead("n"), dead("n", 1, "n")],
      told: ["join n", "failed n", "leave n"],
    },
    { heard: [alive("n", 9), dead("n"), alive("n", 9, 2)], told: ["join n", "failed n", "join n"] },
    {
      heard: [alive("n", 9), dead("n"), suspect("n", 2)],
      told: ["join n", "failed n", "join n", "suspect n"],
    },
  ])("$told", ({ heard, told }) => {
    const h = new Harness();
    h.receive(...heard);
    expect(h.story).toEqual(told);
    expect(h.events.map(({ sequence }) => sequence)).toEqual(told.map((_, i) => i + 1));
  });

  it("are told on once, and old news is not", () => {
    const h = acquainted(3);
    h.receive(alive("n", 9), alive("n", 9));
    h.advance(5000);
    const first = h.sentOf("alive").filter(({ node }) => node === "n").length;
    expect(first).toBeGreaterThan(0);
    h.take();
    h.receive(alive("n", 9));
    h.advance(1);
    expect(h.sentOf("alive").filter(({ node }) => node === "n")).toEqual([]);
  });

  it("are in order and without gaps for each member, whatever is heard", () => {
    const claim = fc
      .record({
        type: fc.constantFrom("alive" as const, "suspect" as const, "dead" as const),
        node: fc.nat({ max: 3 }),
        incarnation: fc.nat({ max: 4 }),
        from: fc.nat({ max: 3 }),
        meta: fc.constantFrom("", "x"),
        ms: fc.constantFrom(0, 0, 0, 300, 9000),
      })
      .map(({ type, node, incarnation, from, meta, ms }) => ({
        message:
          type === "alive"
            ? alive(letter(node), node + 2, incarnation, meta)
            : { type, incarnation, node: letter(node), from: letter(from) },
        ms,
      }));
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 40 }), (claims) => {
        const h = new Harness();
        for (const { message, ms } of claims) {
          h.receive(message);
          h.advance(ms);
        }
        checkHistory(h);
      }),
      { numRuns: 300 },
    );
  });
});

/** What may be told of a member after what. */
const next: Readonly<Record<string, readonly string[]>> = {
  none: ["join"],
  alive: ["suspect", "failed", "leave", "update", "conflict"],
  suspect: ["alive", "failed", "leave", "update", "conflict", "suspect"],
  dead: ["join", "leave"],
  left: ["join", "failed"],
};

function checkHistory(h: Harness): void {
  const seen = new Map<string, { standing: string; sequence: number }>();
  for (const { type, member, sequence } of h.events) {
    const before = seen.get(member.name) ?? { standing: "none", sequence: 0 };
    expect(next[before.standing]).toContain(type);
    expect(sequence).toBe(before.sequence + 1);
    seen.set(member.name, { standing: member.standing, sequence });
  }
  for (const member of h.core.members()) {
    if (member.name === "self") continue;
    expect(seen.get(member.name)?.standing).toBe(member.standing);
  }
}

describe("those who heard the same", () => {
  it("believe the same, in whatever order and however often they heard it", () => {
    const claim = fc.record({
      type: fc.constantFrom("alive" as const, "suspect" as const, "dead" as const),
      node: fc.nat({ max: 2 }),
      incarnation: fc.integer({ min: 1, max: 4 }),
      leaves: fc.boolean(),
    });
    const list = fc.array(claim, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(list, fc.array(fc.nat(), { minLength: 12, maxLength: 12 }), (claims, order) => {
        const messages = claims.map(({ type, node, incarnation, leaves }): PacketMessage => {
          const name = letter(node);
          if (type === "alive") return alive(name, node + 2, incarnation, `${incarnation}`);
          const from = leaves && type === "dead" ? name : "x";
          return { type, incarnation, node: name, from };
        });
        const mixed = messages
          .map((message, i) => ({ message, at: order[i]! }))
          .sort((a, b) => a.at - b.at)
          .map(({ message }) => message);
        expect(beliefs([...mixed, ...messages])).toEqual(beliefs(messages));
      }),
      { numRuns: 300 },
    );
  });

  /** Nobody is believed to be anything before it was met, so all are met first. */
  function beliefs(messages: readonly PacketMessage[]): unknown {
    const h = new Harness();
    h.receive(...[0, 1, 2].map((i) => alive(letter(i), i + 2, 0)));
    h.receive(...messages);
    return h.core.members().filter(({ name }) => name !== "self");
  }
});

describe("a suspicion", () => {
  it("ends after its time with the member given up, told to everybody", () => {
    const h = acquainted(3, { timing: { probeIntervalMs: 100_000 } });
    h.receive(suspect("a"));
    h.advance(400_000 * 6 + 1);
    expect(h.story).toContain("failed a");
    expect(h.sentOf("dead")).toContainEqual(dead("a", 1, "self"));
  });

  it("is shortened by others who say the same, and told on so that others can count it", () => {
    const timing = { probeIntervalMs: 100_000 };
    const h = acquainted(10, { timing });
    h.receive(suspect("a", 1, "b"));
    h.advance(5000);
    h.take();
    h.receive(suspect("a", 1, "c"), suspect("a", 1, "d"));
    h.advance(1000);
    expect(h.sentOf("suspect")).toContainEqual(suspect("a", 1, "d"));
    h.advance(420_000);
    expect(h.standingOf("a")).toBe("dead");
  });
});

describe("a name that somebody else uses (B2)", () => {
  it("changes nothing, and is told once in a while", () => {
    const h = acquainted(3);
    for (let i = 0; i < 5; i += 1) h.receive(alive("a", 50, 7));
    expect(h.story).toEqual(["conflict a"]);
    expect(h.events[0]).toMatchObject({
      ...{ otherAddress: address(50), member: { address: address(2), incarnation: 1 } },
    });
    h.now += conflictIntervalMs;
    h.receive(alive("a", 50, 7));
    expect(h.story).toEqual(["conflict a", "conflict a"]);
  });

  it("goes to the other one at once if the first does not answer a probe", () => {
    const h = acquainted(6);
    h.receive(alive("a", 50, 1));
    h.advance(2100);
    expect(h.story.filter((line) => line.endsWith(" a"))).toEqual(["conflict a", "failed a"]);
    expect(h.sentOf("dead", address(50))).toContainEqual(dead("a", 1, "self"));
    h.receive(alive("a", 50, 2)); // it objects
    expect(h.core.members().find(({ name }) => name === "a")).toMatchObject({
      ...{ standing: "alive", address: address(50) },
    });
  });

  it("goes to the other one when its claim came before the news that the first is gone", () => {
    const h = acquainted(6);
    h.receive(alive("a", 50, 1), alive("a", 50, 2), dead("a", 1));
    expect(h.story).toEqual(["conflict a", "failed a", "join a"]);
    expect(h.core.members()[1]).toMatchObject({ address: address(50), incarnation: 2 });
    h.advance(3000);
    expect(h.sentOf("alive")).toContainEqual(alive("a", 50, 2));
  });

  it("is not given up because it does not answer where it was before", () => {
    const h = acquainted(1);
    while (h.sentOf("ping").length === 0) h.advance(10);
    h.receive(dead("a", 1), alive("a", 50, 2));
    h.advance(950);
    expect(h.notes.map(({ type }) => type)).not.toContain("health");
    h.advance(60);
    expect(h.story).toEqual(["failed a", "join a"]);
  });

  it("stays with the first where that one answers", () => {
    const h = acquainted(1);
    h.receive(alive("a", 50, 1));
    while (h.sentOf("ping").length === 0) h.advance(10);
    h.receive({ type: "ack", seqNo: h.sentOf("ping")[0]!.seqNo, payload: new Uint8Array(0) });
    h.advance(900);
    expect(h.story).toEqual(["conflict a"]);
  });

  it("is told where it is our own", () => {
    const h = acquainted(1);
    h.receive(alive("self", 50, 9), alive("self", 51, 9));
    expect(h.story).toEqual(["conflict self"]);
    expect(h.core.status().incarnation).toBe(1);
  });
});

describe("what is not believed (B3)", () => {
  const limits = { incarnationJumpMax: 1000, membersMax: 4 };

  it("is a step of an incarnation that is one too far", () => {
    const h = acquainted(1, { limits });
    h.receive(alive("a", 2, 1002), suspect("a", 1002), dead("a", 1002));
    expect(h.standingOf("a")).toBe("alive");
    expect(h.notes.filter(({ type }) => type === "rejected")).toHaveLength(3);
    h.receive(alive("a", 2, 1001));
    expect(h.core.members()[1]!.incarnation).toBe(1001);
  });

  it("is a first incarnation that would leave no room to object", () => {
    const h = new Harness({ limits });
    h.receive(alive("n", 9, uint32Max - 999));
    expect(h.story).toEqual([]);
    h.receive(alive("n", 9, uint32Max - 1000));
    expect(h.story).toEqual(["join n"]);
  });

  it.each<[string, PacketMessage]>([
    ["an empty name", { ...alive("n", 9), node: "" }],
    ["a name of 256 bytes", { ...alive("n", 9), node: "é".repeat(128) }],
    ["metadata of 513 bytes", { ...alive("n", 9), meta: new Uint8Array(513) }],
    ["no port", { ...alive("n", 9), address: { host: "10.0.0.9", port: 0 } }],
    ["versions upside down", { ...alive("n", 9), versions: versions(5, 1) }],
    ["no version", { ...alive("n", 9), versions: versions(0, 5) }],
  ])("is a member with %s", (_, message) => {
    const h = new Harness();
    h.receive(message);
    expect(h.core.members()).toHaveLength(1);
    expect(h.notes).toEqual([expect.objectContaining({ reason: "malformed" })]);
  });

  it("is one member more than there is room for, unless one that is gone makes room", () => {
    const h = new Harness({ limits });
    h.receive(alive("a", 2), alive("b", 3), alive("c", 4), alive("d", 5));
    expect(h.story).toEqual(["join a", "join b", "join c"]);
    expect(h.notes).toEqual([expect.objectContaining({ reason: "membersFull" })]);
    h.receive(dead("b"), alive("d", 5));
    expect(h.story.slice(3)).toEqual(["failed b", "join d"]);
    expect(h.notes).toContainEqual({ type: "forgotten", node: "b" });
    expect(h.core.members()).toHaveLength(4);
  });

  function versions(protocolMin: number, protocolMax: number) {
    const rest = { protocol: 2, delegateMin: 2, delegateMax: 5, delegate: 5 };
    return { protocolMin, protocolMax, ...rest };
  }
});
