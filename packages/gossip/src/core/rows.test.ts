/** A long table in pieces comes to the same as in one. */
import fc from "fast-check";
import { acquainted, address, alive, Harness, row, tableOf } from "../test-support/harness.ts";
import type { PushPullState } from "../messages.ts";

const rows: fc.Arbitrary<PushPullState[]> = fc
  .array(
    fc.record({
      name: fc.constantFrom("self", "a", "b", "c", "x", "y", "z"),
      last: fc.integer({ min: 2, max: 6 }),
      incarnation: fc.integer({ min: 0, max: 4 }),
      state: fc.constantFrom(
        "alive" as const,
        "suspect" as const,
        "dead" as const,
        "left" as const,
      ),
    }),
    { maxLength: 30 },
  )
  .map((all) => all.map(({ name, last, ...rest }) => row(name, last, rest)));

/** Cuts a table where `cuts` say; the last piece goes with the message. */
function pieces(states: readonly PushPullState[], cuts: readonly number[]): PushPullState[][] {
  const at = [...new Set(cuts.map((cut) => cut % (states.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => states.slice(start, at[i] ?? states.length));
}

function feed(h: Harness, how: "stream" | "answer", parts: readonly PushPullState[][]): void {
  const exchange = how === "stream" ? null : h.opened.at(-1)!.exchange;
  h.take();
  const from = address(9);
  for (const states of parts.slice(0, -1)) h.step({ type: "rows", from, exchange, states });
  const message = { ...tableOf(...parts.at(-1)!), userState: Uint8Array.of(7) };
  if (exchange !== null) h.step({ type: "streamAnswered", exchange, message });
  else h.step({ type: "stream", stream: 1, from, message });
}

function starting(known: number, how: "stream" | "answer"): Harness {
  const h = known === 0 ? new Harness() : acquainted(known);
  if (how === "answer") h.step({ type: "join", context: 5, addresses: [address(9)] });
  return h;
}

describe("a table in pieces", () => {
  it.each([
    { known: 0, how: "stream" },
    { known: 0, how: "answer" },
    { known: 3, how: "stream" },
    { known: 3, how: "answer" },
  ] as const)("comes to the same as in one ($known known, $how)", ({ known, how }) => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(), { maxLength: 5 }), (states, cuts) => {
        const whole = starting(known, how);
        const cut = starting(known, how);
        feed(whole, how, [states]);
        feed(cut, how, pieces(states, cuts));
        // What is answered is the table of the moment, which has the first pieces in it already.
        const told = (h: Harness) => h.take().filter(({ type }) => type !== "answerStream");
        expect(told(cut)).toEqual(told(whole));
        expect(cut.core.members()).toEqual(whole.core.members());
        whole.advance(40_000);
        cut.advance(40_000);
        expect(cut.take()).toEqual(whole.take());
      }),
      { numRuns: 150 },
    );
  });

  it("is no news for a newcomer in any of them, and whoever grew asks again soon (X3, X4)", () => {
    const h = new Harness();
    h.step({ type: "join", context: 5, addresses: [address(9)] });
    const { exchange } = h.opened[0]!;
    h.take();
    const from = address(9);
    h.step({ type: "rows", from, exchange, states: [row("a", 2), row("b", 3)] });
    h.step({ type: "rows", from, exchange, states: [row("c", 4)] });
    h.step({ type: "streamAnswered", exchange, message: tableOf(row("d", 5)) });
    expect(h.outcomes).toEqual([{ type: "joined", context: 5, reached: 1 }]);
    h.advance(2000);
    expect(new Set(h.sentOf("alive").map(({ node }) => node))).toEqual(new Set(["self"]));
    expect(h.opened.filter(({ message }) => message.type === "pushPull")).not.toEqual([]);
  });

  it("is not taken in any further when its time is over", () => {
    const h = acquainted(1, { timing: { pushPullIntervalMs: 0 } });
    h.step({ type: "join", context: 5, addresses: [address(9)] });
    const { exchange } = h.opened[0]!;
    h.step({ type: "rows", from: address(9), exchange, states: [row("x", 5)] });
    h.advance(10_000);
    h.receive(alive("a", 2));
    h.step({ type: "rows", from: address(9), exchange, states: [row("y", 6)] });
    expect(h.outcomes).toContainEqual({ type: "joined", context: 5, reached: 0 });
    expect(h.standingOf("x")).toBeDefined();
    expect(h.standingOf("y")).toBeUndefined();
  });
});
