import { acquainted, alive, Harness } from "../test-support/harness.ts";

/** Lets time pass until a probe goes out; its ping. */
function pinged(h: Harness) {
  h.take();
  while (h.sentOf("ping").length === 0) h.advance(10);
  return h.sentOf("ping")[0]!;
}

describe("a member that did not listen for a while (P5)", () => {
  it("reads what has arrived first, and finds its probe answered", () => {
    const h = acquainted(6);
    const { seqNo } = pinged(h);
    h.now += 10_000;
    h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
    h.step({ type: "tick" });
    expect(h.story).toEqual([]);
  });

  it("takes nothing for granted that it thought meanwhile, and doubts itself", () => {
    const h = acquainted(6);
    pinged(h);
    h.now += 10_000;
    h.step({ type: "tick" });
    expect(h.story).toEqual([]);
    expect(h.notes.map(({ type }) => type)).toContain("stalled");
    expect(h.core.status().health).toBe(1);
  });

  it("for less than that still asks others, and gives them all their time", () => {
    const h = acquainted(6, { timing: { stallMs: 3000 } });
    const { seqNo } = pinged(h);
    h.now += 2000;
    h.step({ type: "tick" });
    expect(h.sentOf("indirectPing").length).toBe(3);
    h.advance(480);
    expect(h.story).toEqual([]);
    h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
    h.advance(100);
    expect(h.story).toEqual([]);
  });

  it("gives a suspect as much more time as it was away", () => {
    const h = acquainted(1, { timing: { probeIntervalMs: 100_000, probeTimeoutMs: 400 } });
    h.receive({ type: "suspect", incarnation: 1, node: "a", from: "b" });
    const deadline = 400_000;
    h.now += deadline + 50_000;
    h.step({ type: "tick" });
    expect(h.standingOf("a")).toBe("suspect");
    h.receive(alive("a", 2, 2));
    expect(h.story).toEqual(["suspect a", "alive a"]);
  });

  it("is not one that hears late who else suspects somebody", () => {
    const h = acquainted(100, { timing: { probeIntervalMs: 1000, pushPullIntervalMs: 0 } });
    const suspect = { type: "suspect", incarnation: 1, node: "a" } as const;
    h.receive({ ...suspect, from: "b" });
    const answered = (): void => {
      for (const { seqNo } of h.sentOf("ping")) {
        h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
      }
    };
    for (let i = 0; i < 150; i += 1, h.advance(100)) answered();
    h.receive({ ...suspect, from: "c" }, { ...suspect, from: "d" });
    h.advance(1); // it would have been over after 8 s
    expect(h.standingOf("a")).toBe("dead");
    expect(h.notes.map(({ type }) => type)).not.toContain("stalled");
    expect(h.core.status().health).toBe(0);
  });

  it("does the same when its host noticed", () => {
    const h = acquainted(6);
    pinged(h);
    h.step({ type: "stalled", forMs: 2000 });
    h.advance(900);
    expect(h.story).toEqual([]);
  });
});
