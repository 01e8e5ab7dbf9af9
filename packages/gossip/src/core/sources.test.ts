/** One source does not fill the table (B7). */
import { address, alive, Harness, row, tableOf } from "../test-support/harness.ts";
import { defaultLimits } from "./options.ts";
import type { PacketMessage } from "../messages.ts";

const limits = { membersPerSourceMax: 3 };

function hear(h: Harness, host: number, ...messages: PacketMessage[]): void {
  h.step({ type: "packet", from: address(host), messages });
}

const known = (h: Harness): string[] =>
  h.core.members().flatMap(({ name, standing }) => (standing === "alive" ? [name] : []));
const full = (h: Harness): number =>
  h.notes.filter((note) => note.type === "rejected" && note.reason === "sourceFull").length;

describe("members that only one source told us of", () => {
  it("leave room for what others say, and part of the table by default", () => {
    const h = new Harness({ limits });
    hear(h, 50, alive("a", 2), alive("b", 3), alive("c", 4));
    expect(full(h)).toBe(0);
    hear(h, 50, alive("d", 5));
    expect(full(h)).toBe(1);
    hear(h, 51, alive("e", 6));
    expect(known(h)).toEqual(["self", "a", "b", "c", "e"]);
    expect(defaultLimits.membersPerSourceMax).toBeLessThan(defaultLimits.membersMax);
  });

  it("are counted by host, whatever its port is and however it tells of them", () => {
    const h = new Harness({ limits });
    const from = { host: "10.0.0.50", port: 1 };
    const message = tableOf(row("a", 2), row("b", 3));
    h.step({ type: "stream", stream: 1, from, message });
    h.step({
      type: "stream",
      stream: 2,
      from: { ...from, port: 2 },
      message: tableOf(row("c", 4)),
    });
    hear(h, 50, alive("d", 5));
    expect(known(h)).toEqual(["self", "a", "b", "c"]);
  });

  it("go on being heard of from the same source", () => {
    const h = new Harness({ limits });
    hear(h, 50, alive("a", 2), alive("b", 3), alive("c", 4));
    hear(h, 50, alive("a", 2, 2, "news"), { type: "dead", incarnation: 1, node: "b", from: "b" });
    expect(h.story.slice(3)).toEqual(["update a", "leave b"]);
    expect(full(h)).toBe(0);
  });

  it("count no more once they answer", () => {
    const h = new Harness({ limits });
    hear(h, 50, alive("a", 2), alive("b", 3), alive("c", 4));
    h.take();
    while (h.sentOf("ping").length === 0) h.advance(10);
    const { seqNo } = h.sentOf("ping")[0]!;
    h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
    hear(h, 50, alive("d", 5), alive("e", 6));
    expect(known(h)).toEqual(["self", "a", "b", "c", "d"]);
  });

  it.each(["alive", "suspect"] as const)(
    "count no more once they are gone, and again as %s",
    (how) => {
      const h = new Harness({ limits });
      const gone = (node: string): PacketMessage => ({
        type: "dead",
        incarnation: 1,
        node,
        from: node,
      });
      hear(h, 50, alive("a", 2), alive("b", 3), alive("c", 4));
      hear(h, 50, gone("a"), gone("b"));
      hear(h, 50, alive("d", 5));
      const back = (node: string, last: number): PacketMessage =>
        how === "alive"
          ? alive(node, last, 2)
          : { type: "suspect", incarnation: 2, node, from: "x" };
      hear(h, 50, back("a", 2));
      expect(full(h)).toBe(0);
      hear(h, 50, back("b", 3));
      expect(full(h)).toBe(1);
      expect(h.standingOf("b")).toBe("left");
      hear(h, 51, back("b", 3));
      expect(h.standingOf("b")).toBe(how);
    },
  );
});
