import { acquainted, address, alive } from "../test-support/harness.ts";
import type { Harness } from "../test-support/harness.ts";
import { lanTiming } from "./options.ts";
import { answerTimeoutMs, roundTripsMax, usualRoundTripMs, withRoundTrip } from "./round-trips.ts";
import type { RoundTrips } from "./round-trips.ts";

const none: RoundTrips = null;
const of = (...took: number[]): RoundTrips => took.reduce(withRoundTrip, none);

describe("how long an answer is waited for (P6)", () => {
  it.each([
    { took: [], timeout: 500, because: "nothing is known" },
    { took: [1, 1, 1], timeout: 500, because: "three say little" },
    { took: [1, 1, 1, 1], timeout: 150, because: "it is never less than the least" },
    { took: [60, 40, 70, 50], timeout: 210, because: "three times the slowest" },
    { took: [1, 1, 1, 400], timeout: 500, because: "never longer than for a stranger" },
    { took: [400, 1, 1, 1, 1, 1, 1, 1], timeout: 500, because: "the slowest of eight counts" },
    { took: [400, 1, 1, 1, 1, 1, 1, 1, 1], timeout: 150, because: "the ninth is forgotten" },
  ])("$took: $timeout ms, as $because", ({ took, timeout }) => {
    expect(answerTimeoutMs(lanTiming, of(...took))).toBe(timeout);
  });

  it("is the same for all where the least is all, and never above the timeout", () => {
    for (const probeTimeoutMinMs of [500, 9999]) {
      const timing = { ...lanTiming, probeTimeoutMinMs };
      expect(answerTimeoutMs(timing, of(1, 1, 1, 1))).toBe(500);
    }
  });

  it("remembers eight, and tells the middle of them", () => {
    const known = of(9, 8, 7, 6, 5, 4, 3, 2, 1);
    expect(known).toHaveLength(roundTripsMax);
    expect(usualRoundTripMs(known)).toBe(4);
    expect(usualRoundTripMs(none)).toBeNull();
  });
});

/** Lets time pass until a ping goes out, and what it is answered after; `null`: nothing is. */
function probed(h: Harness, answeredAfterMs: number | null): void {
  h.take();
  while (h.sentOf("ping").length === 0) h.advance(1);
  if (answeredAfterMs === null) return;
  h.advance(answeredAfterMs);
  const { seqNo } = h.sentOf("ping")[0]!;
  h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
}

/** How long after its ping others are asked about a member that does not answer. */
function patienceOf(h: Harness): number {
  probed(h, null);
  const began = h.now;
  while (h.opened.every(({ message }) => message.type !== "ping")) h.advance(1);
  return h.now - began;
}

const rttOf = (h: Harness): number | null =>
  h.core.members().find(({ name }) => name === "a")!.rttMs;

describe("a member's round trips", () => {
  const alone = () => acquainted(1, { timing: { pushPullIntervalMs: 0, suspicionMult: 1000 } });

  it("are measured by probes, and told", () => {
    const h = alone();
    expect(rttOf(h)).toBeNull();
    for (const took of [20, 10, 40]) probed(h, took);
    expect(rttOf(h)).toBe(20);
  });

  it("let others be asked sooner about one that was always quick", () => {
    const h = alone();
    expect(patienceOf(alone())).toBe(500);
    for (let i = 0; i < 4; i += 1) probed(h, 5);
    expect(patienceOf(h)).toBe(150);
  });

  it("count when they are late as well: who got slower is waited for again", () => {
    const h = alone();
    for (let i = 0; i < 8; i += 1) probed(h, 5);
    probed(h, 300);
    expect(patienceOf(h)).toBe(500);
  });

  it("are stretched by bad health", () => {
    const h = alone();
    for (let i = 0; i < 4; i += 1) probed(h, 5);
    h.step({ type: "stalled", forMs: 1 });
    expect(patienceOf(h)).toBe(300);
  });

  it("are forgotten when nobody hears of it, and when it was gone", () => {
    const h = alone();
    for (let i = 0; i < 4; i += 1) probed(h, 5);
    probed(h, null);
    h.advance(2000);
    expect(rttOf(h)).toBeNull();
    const other = alone();
    for (let i = 0; i < 4; i += 1) probed(other, 5);
    other.receive({ type: "dead", incarnation: 1, node: "a", from: "a" }, alive("a", 7, 2));
    expect(other.core.members().find(({ name }) => name === "a")).toMatchObject({
      address: address(7),
      rttMs: null,
    });
  });
});
