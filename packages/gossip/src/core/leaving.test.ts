import { acquainted, address, alive, Harness, row, tableOf } from "../test-support/harness.ts";
import { metaMaxBytes } from "./options.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length);

describe("metadata", () => {
  it("is told under a new incarnation", () => {
    const h = acquainted(3);
    h.step({ type: "updateMeta", context: 1, meta: Uint8Array.of(7) });
    h.advance(1);
    expect(h.outcomes).toEqual([{ type: "accepted", context: 1 }]);
    expect(h.sentOf("alive")).toContainEqual(
      expect.objectContaining({ node: "self", incarnation: 2, meta: Uint8Array.of(7) }),
    );
    expect(h.story).toEqual(["update self"]);
  });

  it("has at most 512 bytes", () => {
    const h = acquainted(3);
    h.step({ type: "updateMeta", context: 1, meta: bytes(metaMaxBytes) });
    h.step({ type: "updateMeta", context: 2, meta: bytes(metaMaxBytes + 1) });
    expect(h.outcomes).toEqual([
      { type: "accepted", context: 1 },
      { type: "refused", context: 2, reason: "tooLarge" },
    ]);
  });
});

describe("a broadcast", () => {
  const tell = (h: Harness, context: number, payload: Uint8Array, key: string | null = null) =>
    h.step({ type: "broadcast", context, key, payload });

  it("goes out as often as any rumour, and is handed up where it arrives", () => {
    const h = acquainted(2, { timing: { suspicionMult: 1000 } });
    h.advance(20_000);
    h.take();
    tell(h, 1, Uint8Array.of(9));
    h.advance(20_000);
    expect(h.sentOf("user")).toHaveLength(4);
    h.receive({ type: "user", payload: Uint8Array.of(9) });
    expect(h.effects.at(-1)).toEqual({
      ...{ type: "user", from: address(99), payload: Uint8Array.of(9), reliable: false },
    });
  });

  it("takes the place of an older one with its key", () => {
    const h = acquainted(2);
    tell(h, 1, Uint8Array.of(1), "k");
    tell(h, 2, Uint8Array.of(2), "k");
    expect(h.core.status().broadcasts).toBe(1);
    h.advance(100);
    expect(h.sentOf("user")).not.toContainEqual({ type: "user", payload: Uint8Array.of(1) });
  });

  it("fills a packet at most", () => {
    const h = acquainted(2);
    const largest = 1400 - 2 - 2 - 1;
    tell(h, 1, bytes(largest));
    tell(h, 2, bytes(largest + 1));
    expect(h.outcomes).toEqual([
      { type: "accepted", context: 1 },
      { type: "refused", context: 2, reason: "tooLarge" },
    ]);
    h.advance(20_000);
    expect(h.sentOf("user").length).toBeGreaterThan(0);
  });

  it("is refused while too many bytes wait, and nothing is dropped for it", () => {
    const h = acquainted(2, { limits: { broadcastsMaxBytes: 22 } });
    tell(h, 1, bytes(10));
    tell(h, 2, bytes(10));
    tell(h, 3, bytes(0));
    expect(h.outcomes.map(({ type }) => type)).toEqual(["accepted", "accepted", "refused"]);
    expect(h.core.status()).toMatchObject({ broadcasts: 2, broadcastBytes: 22 });
  });
});

describe("a message to one member", () => {
  const send = (h: Harness, to: string, payload: Uint8Array, reliable: boolean) =>
    h.step({ type: "send", context: 3, to, payload, reliable });

  it("goes in one packet, or over a stream and is reported when it was handed over", () => {
    const h = acquainted(2);
    send(h, "a", Uint8Array.of(1), false);
    expect(h.sentOf("user", address(2))).toHaveLength(1);
    expect(h.outcomes).toEqual([{ type: "accepted", context: 3 }]);
    h.take();
    send(h, "a", Uint8Array.of(1), true);
    expect(h.outcomes).toEqual([]);
    h.step({ type: "streamDone", exchange: h.opened[0]!.exchange });
    expect(h.outcomes).toEqual([{ type: "accepted", context: 3 }]);
  });

  it("over a stream is reported when it could not be handed over, or took too long", () => {
    const h = acquainted(2);
    send(h, "a", Uint8Array.of(1), true);
    h.step({ type: "streamFailed", exchange: h.opened[0]!.exchange });
    send(h, "a", Uint8Array.of(1), true);
    h.advance(10_000);
    const refused = { type: "refused", context: 3, reason: "unreachable" };
    expect(h.outcomes).toEqual([refused, refused]);
  });

  it("is handed up where it arrives", () => {
    const h = acquainted(2);
    const message = { type: "user", payload: Uint8Array.of(1) } as const;
    h.step({ type: "stream", stream: 1, from: address(2), message });
    expect(h.effects).toEqual([
      { type: "user", from: address(2), payload: Uint8Array.of(1), reliable: true },
    ]);
  });

  it.each([
    { to: "nobody", size: 1, reliable: true, reason: "unknownMember" },
    { to: "self", size: 1, reliable: true, reason: "unknownMember" },
    { to: "a", size: 1396, reliable: false, reason: "tooLarge" },
    { to: "a", size: 2001, reliable: true, reason: "tooLarge" },
  ])("of $size bytes to $to is refused: $reason", ({ to, size, reliable, reason }) => {
    const h = acquainted(2, { limits: { userMessageMaxBytes: 2000 } });
    send(h, to, bytes(size), reliable);
    expect(h.outcomes).toEqual([{ type: "refused", context: 3, reason }]);
  });
});

describe("leaving", () => {
  it("says goodbye as often as any rumour, and is over then", () => {
    const h = acquainted(3, { timing: { suspicionMult: 1000 } });
    h.advance(10_000);
    h.take();
    h.step({ type: "leave", context: 4 });
    h.advance(3000);
    expect(h.sentOf("dead")).toContainEqual({
      ...{ type: "dead", incarnation: 1, node: "self", from: "self" },
    });
    expect(h.outcomes).toEqual([{ type: "left", context: 4 }]);
  });

  it("is over at once where nobody is, and in time where nobody can be told", () => {
    const lonely = new Harness();
    lonely.step({ type: "leave", context: 4 });
    expect(lonely.outcomes).toEqual([{ type: "left", context: 4 }]);
    const h = acquainted(3, { timing: { gossipNodes: 0, leaveTimeoutMs: 700 } });
    h.step({ type: "leave", context: 4 });
    h.advance(699);
    expect(h.outcomes).toEqual([]);
    h.advance(1);
    expect(h.outcomes).toEqual([{ type: "left", context: 4 }]);
  });

  it("ends probes and doubts, but not answers", () => {
    const h = acquainted(3);
    h.step({ type: "leave", context: 4 });
    h.advance(10_000);
    expect(h.sentOf("ping")).toEqual([]);
    h.take();
    h.receive({ type: "ping", seqNo: 1, node: "self", source: null });
    expect(h.sentOf("ack")).toHaveLength(1);
  });

  const goodbye = (incarnation: number) => ({
    ...{ type: "dead", incarnation, node: "self", from: "self" },
  });

  it("is said again to whoever pings, who cannot have heard it (B6)", () => {
    const h = acquainted(3);
    h.step({ type: "leave", context: 4 });
    h.advance(5000);
    h.take();
    h.receive({ type: "ping", seqNo: 1, node: "self", source: null });
    expect(h.sentOf("dead", address(99))).toEqual([goodbye(1)]);
  });

  it.each([
    { ...alive("self", 1), incarnation: 7 },
    { type: "suspect", incarnation: 7, node: "self", from: "b" } as const,
    { type: "dead", incarnation: 7, node: "self", from: "b" } as const,
  ])("is said as of the incarnation that others know: $type (B6)", (message) => {
    const h = acquainted(3);
    h.step({ type: "leave", context: 4 });
    h.advance(5000);
    h.take();
    h.receive(message);
    h.receive(message, { ...message, incarnation: 6 });
    expect(h.notes).toEqual([]);
    h.advance(5000);
    expect(h.core.status().incarnation).toBe(7);
    expect(new Set(h.sentOf("dead"))).toEqual(new Set([goodbye(7)]));
    h.receive({ ...message, incarnation: 2 ** 31 });
    expect(h.core.status().incarnation).toBe(7);
    expect(h.notes).toContainEqual(expect.objectContaining({ reason: "incarnationJump" }));
  });

  it("believes nothing more, and gives nobody up: it would not hear who objects (B5)", () => {
    const h = acquainted(3);
    const suspect = { type: "suspect", incarnation: 1, from: "b" } as const;
    h.receive({ ...suspect, node: "a" });
    h.step({ type: "leave", context: 4 });
    h.advance(5000);
    h.take();
    h.receive({ ...suspect, node: "b" }, alive("d", 5), alive("c", 4, 2));
    const message = tableOf(row("c", 4, { state: "dead" }), row("e", 6));
    h.step({ type: "stream", stream: 1, from: address(2), message });
    h.advance(120_000);
    expect(h.events).toEqual([]);
    expect(h.sent()).toEqual([]);
  });

  it("does not end the exchange of tables, but leaves no doubts in its own that get old (B5)", () => {
    const h = acquainted(4);
    h.receive({ type: "suspect", incarnation: 1, node: "a", from: "b" });
    h.receive({ type: "dead", incarnation: 1, node: "c", from: "b" });
    h.receive({ type: "dead", incarnation: 1, node: "d", from: "d" });
    const table = (): string[] => {
      h.take();
      h.step({ type: "stream", stream: 1, from: address(2), message: tableOf() });
      return h.effects.flatMap((effect) =>
        effect.type === "answerStream" && effect.message.type === "pushPull"
          ? effect.message.states.map(({ state, name }) => `${state} ${name}`)
          : [],
      );
    };
    expect(table()).toEqual(["alive self", "suspect a", "alive b", "dead c", "left d"]);
    h.step({ type: "leave", context: 4 });
    expect(table()).toEqual(["left self", "alive b"]);
  });

  it("is refused a second time, as is everything that would be news", () => {
    const h = acquainted(3);
    h.step({ type: "leave", context: 4 });
    h.step({ type: "leave", context: 5 });
    h.step({ type: "updateMeta", context: 6, meta: bytes(1) });
    h.step({ type: "broadcast", context: 7, key: null, payload: bytes(1) });
    h.step({ type: "send", context: 8, to: "a", payload: bytes(1), reliable: true });
    h.step({ type: "join", context: 9, addresses: [] });
    expect(h.outcomes.map(({ context }) => context)).toEqual([5, 6, 7, 8, 9]);
    for (const outcome of h.outcomes) expect(outcome).toMatchObject({ reason: "leaving" });
  });
});
