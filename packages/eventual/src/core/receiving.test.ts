import { chainHash } from "../data/chain.ts";
import { decodeRecord, encodeRecord } from "../data/record-codec.ts";
import type { Request } from "../messages.ts";
import { TestCluster, idOf } from "../test-support/cluster.ts";
import type { Control, RecordBody, RecordRange, WriterId } from "../types.ts";
import { decodeEntry } from "./journal-entry.ts";

const writerW: WriterId = "a".repeat(24);
const writerLater: WriterId = "b".repeat(24);

function bodyWith(controls: readonly Control[], plus: bigint): RecordBody {
  return { hlc: 1_000_000, controls, plain: [{ counter: "c", plus, minus: 0n }], keyed: [] };
}

/** The records of a writer of node x: each adds one to the counter. */
function rangeOf(
  writer: WriterId,
  [from, to]: readonly [number, number],
  { boot, controls }: { readonly boot: number; readonly controls: readonly Control[] },
): RecordRange {
  let hash = 0;
  let previous = 0;
  const records: Uint8Array[] = [];
  for (let position = 1; position <= to; position += 1) {
    const first: Control[] = [{ kind: "born", node: idOf("x"), boot }, ...controls];
    const bytes = encodeRecord(bodyWith(position === 1 ? first : [], 1n));
    if (position === from) previous = hash;
    hash = chainHash(hash, bytes);
    if (position >= from) records.push(bytes);
  }
  return { writer, from, previous, records };
}

function ofW(from: number, to: number): RecordRange {
  return rangeOf(writerW, [from, to], { boot: 1, controls: [] });
}

/** Gives `to` a fill as if `from` had sent it. */
function fill(cluster: TestCluster, to: string, ...ranges: readonly RecordRange[]): void {
  const sample = cluster.delivered.findLast((item) => item.from === "b" && item.to === to);
  if (sample === undefined) throw new Error("b never sent anything");
  const body: Request = { type: "fill", ranges };
  cluster.deliverAgain({ ...sample, message: { ...sample.message, body } });
}

/** The same, of the node whose writer it is. */
function fillOfOwner(cluster: TestCluster, to: string, range: RecordRange): void {
  const sample = cluster.delivered.findLast((item) => item.from === "b" && item.to === to);
  if (sample === undefined) throw new Error("b never sent anything");
  const body: Request = { type: "fill", ranges: [range] };
  const sender = { ...sample.message.sender, node: idOf("x"), address: "x", label: "x" };
  cluster.deliverAgain({ ...sample, message: { ...sample.message, sender, body } });
}

describe("records from others", () => {
  it("R1: known ones are dropped, however often and late they come", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a", 1);
    cluster.add("a", 1);
    for (const delivered of [...cluster.delivered]) {
      if (delivered.body.type === "push" || delivered.body.type === "fill")
        cluster.deliverAgain(delivered);
    }
    cluster.crash("b");
    cluster.restart("b");
    for (const delivered of [...cluster.delivered]) cluster.deliverAgain(delivered);
    cluster.run(20);
    expect(cluster.values()).toEqual([2n, 2n, 2n]);
  });

  it("R1: after a gap nothing is taken, and the sender goes back", () => {
    const cluster = TestCluster.of("a", "b");
    fill(cluster, "a", ofW(2, 3));
    expect(cluster.node("a").core.position(writerW)).toBe(0);
    fill(cluster, "a", ofW(1, 2), ofW(2, 3));
    expect(cluster.node("a").core.position(writerW)).toBe(3);
    expect(cluster.value("a")).toBe(3n);
  });

  it("R1: messages that overtake each other bring everything, once", () => {
    const cluster = TestCluster.of("a", "b", "c");
    for (let round = 0; round < 6; round += 1) {
      cluster.hold = () => true;
      for (const name of ["a", "b", "c"]) cluster.add(name, 1);
      cluster.run(2);
      cluster.hold = () => false;
      cluster.release("reversed");
    }
    cluster.run(40);
    expect(cluster.values()).toEqual([18n, 18n, 18n]);
  });

  it("R2: another chain is refused, and the records of other writers beside it are taken", () => {
    const cluster = TestCluster.of("a", "b");
    fill(cluster, "a", ofW(1, 2));
    const other = rangeOf(writerW, [1, 3], { boot: 7, controls: [] });
    fill(cluster, "a", other, rangeOf(writerLater, [1, 1], { boot: 2, controls: [] }));
    const { core } = cluster.node("a");
    expect([core.position(writerW), core.position(writerLater)]).toEqual([2, 1]);
    expect(cluster.value("a")).toBe(3n);
  });

  it("R2: two chains of one writer that end at one position are told of by the next sync", () => {
    const cluster = TestCluster.of("a", "b", "c");
    fill(cluster, "a", ofW(1, 2));
    cluster.lose = () => true;
    cluster.run(1);
    fill(cluster, "c", rangeOf(writerW, [1, 2], { boot: 7, controls: [] }));
    cluster.lose = (from, to) => from === "b" || to === "b";
    cluster.run(60);
    for (const name of ["a", "c"]) {
      expect(cluster.node(name).notes).toContainEqual(
        expect.objectContaining({ type: "fork", writer: writerW }),
      );
    }
  });

  it("R2: what makes no sense is refused whole", () => {
    const cluster = TestCluster.of("a", "b");
    fill(cluster, "a", { ...ofW(1, 1), records: [new Uint8Array([9, 9])] });
    const unborn = encodeRecord(bodyWith([], 1n));
    fill(cluster, "a", { ...ofW(1, 1), records: [unborn] });
    expect(cluster.node("a").core.position(writerW)).toBe(0);
  });

  it("R3: nobody else extends the writer of this process", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 1);
    const { core } = cluster.node("a");
    const { writer, position } = core.status();
    const own = [...cluster.node("a").disk].reverse().flatMap((bytes) => {
      const entry = decodeEntry(bytes);
      return entry.kind === "record" && entry.writer === writer ? [entry] : [];
    });
    const hash = own.reduceRight((before, { bytes }) => chainHash(before, bytes), 0);
    const records = [encodeRecord(bodyWith([], 1n))];
    fill(cluster, "a", { writer: writer!, from: position + 1, previous: hash, records });
    expect(core.position(writer!)).toBe(position);
    expect(cluster.value("a")).toBe(1n);
  });

  it("R4: of a writer that ended nothing beyond its end is taken from its own node", () => {
    const cluster = TestCluster.of("a", "b");
    const seal: Control = { kind: "seal", writer: writerW, position: 2 };
    const later = rangeOf(writerLater, [1, 1], { boot: 2, controls: [seal] });
    fill(cluster, "a", ofW(1, 1), later);
    fillOfOwner(cluster, "a", ofW(2, 4));
    expect(cluster.node("a").core.position(writerW)).toBe(2);
  });

  it("R4: but from others, who have not confirmed that it is the end", () => {
    const cluster = TestCluster.of("a", "b");
    const seal: Control = { kind: "seal", writer: writerW, position: 2 };
    const later = rangeOf(writerLater, [1, 1], { boot: 2, controls: [seal] });
    fill(cluster, "a", ofW(1, 1), later);
    fill(cluster, "a", ofW(2, 4));
    expect(cluster.node("a").core.position(writerW)).toBe(4);
  });

  it("R4: a promise that confirms an end is not made while more is on its way to the disk", () => {
    const cluster = TestCluster.of("a", "b");
    fill(cluster, "a", ofW(1, 1));
    cluster.add("a", 1, "k");
    const node = cluster.node("a");
    node.isDiskSlow = true;
    const seal: Control = { kind: "seal", writer: writerW, position: 1 };
    fill(cluster, "a", rangeOf(writerLater, [1, 1], { boot: 2, controls: [seal] }));
    fill(cluster, "a", ofW(2, 3));
    cluster.nowMs += 5000;
    cluster.run(20, "a");
    const before = node.disk.length;
    for (let write = 0; write < 4; write += 1) cluster.persist("a");
    expect(node.core.position(writerW)).toBe(3);
    const claimed = node.disk.slice(before).flatMap((bytes) => {
      const entry = decodeEntry(bytes);
      const controls = entry.kind === "record" ? decodeRecord(entry.bytes).controls : [];
      return controls.flatMap((item) => {
        if (item.kind !== "promise" || !item.known.has(writerLater)) return [];
        return [item.known.get(writerW)];
      });
    });
    expect(claimed.length).toBeGreaterThan(0);
    expect(new Set(claimed)).toEqual(new Set([3]));
  });

  it("pendingMaxBytes: what is more than may wait for the disk is refused, and taken later", () => {
    const cluster = new TestCluster();
    const { limits } = cluster.start("b", ["a"]).options;
    cluster.start("a", ["b"], { limits: { ...limits, pendingMaxBytes: 100 } });
    cluster.run(30);
    const node = cluster.node("a");
    node.isDiskSlow = true;
    for (let at = 1; at <= 30; at += 1) fill(cluster, "a", ofW(at, at));
    for (let write = 0; write < 3; write += 1) cluster.persist("a");
    const taken = node.core.position(writerW);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(30);
    node.isDiskSlow = false;
    cluster.settle();
    for (let at = 1; at <= 30; at += 1) fill(cluster, "a", ofW(at, at));
    expect(node.core.position(writerW)).toBe(30);
  });
});
