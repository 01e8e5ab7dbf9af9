import type { Control, NodeId, RecordBody, VersionVector, WriterId } from "../types.ts";
import { applyRecord } from "./applying.ts";
import type { Replica } from "./replica.ts";
import { emptyReplica, headOf } from "./replica.ts";
import { isFinal } from "./rounds.ts";

const node = (digit: string): NodeId => digit.repeat(32);
const writer = (digit: string): WriterId => digit.repeat(24);

function member(digit: string, status: "up" | "removed"): Control {
  const version = status === "up" ? 1 : 2;
  const address = `${digit}:1`;
  return { kind: "member", member: { id: node(digit), address, label: digit, status, version } };
}

/** The next record of the writer of a node; the first one says whose it is. */
function write(r: Replica, digit: string, ...controls: readonly Control[]): void {
  const { position } = headOf(r, writer(digit));
  const born: Control = { kind: "born", node: node(digit), boot: 1 };
  const first = position === 0 ? [born, member(digit, "up")] : [];
  const body: RecordBody = { hlc: 1, controls: [...first, ...controls], plain: [], keyed: [] };
  applyRecord(r, { writer: writer(digit), position: position + 1, hash: position + 1 }, body);
}

function promise(known: VersionVector): Control {
  return { kind: "promise", before: 1, known };
}

function knowing(...positions: readonly (readonly [string, number])[]): VersionVector {
  return new Map(positions.map(([digit, position]) => [writer(digit), position]));
}

describe("the end of a removed member's writer", () => {
  it("is not final while somebody may still take it from another one that was removed", () => {
    const r = emptyReplica();
    for (const digit of ["a", "b", "c", "d"]) write(r, digit);
    write(r, "d", member("a", "removed"));
    write(r, "d", member("b", "removed"));
    // c knows that a was removed, and not that b was: b may have more of a, and give it to c.
    write(r, "c", promise(knowing(["a", 1], ["b", 1], ["d", 2])));
    write(r, "d", promise(knowing(["a", 1], ["b", 1], ["c", 2])));
    expect([isFinal(r, writer("a")), isFinal(r, writer("b"))]).toEqual([false, false]);
    write(r, "c", promise(knowing(["a", 1], ["b", 1], ["d", 3])));
    expect([isFinal(r, writer("a")), isFinal(r, writer("b"))]).toEqual([true, true]);
  });
});
