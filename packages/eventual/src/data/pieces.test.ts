import { damaged, drawFrom, pick } from "../test-support/random.ts";
import { RandomLife } from "../test-support/random-life.ts";
import { everyRule } from "../test-support/variant.ts";
import { born, Library, writerId } from "../test-support/writing.ts";
import { applyRecord } from "./applying.ts";
import { digestOf } from "./digest.ts";
import { MalformedError } from "./errors.ts";
import { dotsMax, pieceBytes } from "./limits.ts";
import { factsOf, mergePiece, piecesOf } from "./pieces.ts";
import type { Replica } from "./replica.ts";
import { emptyReplica, headOf, vectorHash } from "./replica.ts";
import { valueOf } from "./values.ts";

function merged(...snapshots: readonly (readonly Uint8Array[])[]): Replica {
  const r = emptyReplica();
  for (const piece of snapshots.flat()) mergePiece(r, piece);
  return r;
}

/** Replicas that know different parts of one history, and how far they closed it. */
function lived(seed: number): { replicas: Replica[]; life: RandomLife; closedBefore: number } {
  const life = new RandomLife({ seed, steps: 300, skewMs: 0, variant: everyRule });
  life.live();
  return {
    replicas: life.nodes.map(({ replica }) => replica),
    life,
    closedBefore: Math.max(...life.nodes.map(({ closedBefore }) => closedBefore)),
  };
}

describe("snapshots", () => {
  it("joined come to the same in whatever order and grouping, and twice is no harm", () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const { replicas, closedBefore } = lived(seed);
      const [x, y, z] = replicas.map((r) => [...piecesOf(r, 300)]);
      const all = [
        merged(x!, y!, z!),
        merged(z!, y!, x!),
        merged(x!, [...piecesOf(merged(y!, z!))]),
        merged([...piecesOf(merged(y!, x!))], z!),
        merged(x!, x!, y!, z!, y!, x!),
      ];
      const digests = all.map((r) => digestOf(r, closedBefore));
      expect(new Set(digests).size).toBe(1);
      expect(new Set(all.map(vectorHash)).size).toBe(1);
    }
  });
  it("and records come to the same, in any order of writers, with any overlap", () => {
    for (let seed = 11; seed <= 16; seed += 1) {
      const draw = drawFrom(seed);
      const { replicas, life, closedBefore } = lived(seed);
      const { library } = life;
      const digests = new Set<string>();
      for (let way = 0; way < 4; way += 1) {
        const r = emptyReplica();
        for (let left = draw(3); left > 0; left -= 1) {
          for (const piece of piecesOf(pick(draw, replicas), 300)) mergePiece(r, piece);
        }
        const writers = library.writers();
        while (writers.some((writer) => headOf(r, writer).position < library.of(writer).length)) {
          const writer = pick(draw, writers);
          library.apply(r, writer, headOf(r, writer).position + 1 + draw(30));
          if (draw(10) > 0) continue;
          for (const piece of piecesOf(pick(draw, replicas), 300)) mergePiece(r, piece);
        }
        digests.add(digestOf(r, closedBefore));
      }
      expect(digests.size).toBe(1);
    }
  });
  it("are cut into pieces of about the target", () => {
    const library = new Library();
    const r = emptyReplica();
    const keyed = Array.from({ length: 10_000 }, (_, number) => ({
      counter: "c",
      delta: 1n,
      key: `key-${number}`,
      at: 1,
      until: 5,
      value: 1n,
    }));
    library.write(r, writerId("a"), { controls: [born("a")], keyed });
    const sizes = [...piecesOf(r)].map(({ length }) => length);
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThan(pieceBytes + 1_000);
  });
  it("take a key with very many uses in several parts", () => {
    const library = new Library();
    const r = emptyReplica();
    const keyed = Array.from({ length: dotsMax + 1 }, (_, number) => ({
      counter: "c",
      delta: 1n,
      key: "k",
      at: number,
      until: number + 1,
      value: 1n,
    }));
    library.write(r, writerId("a"), { controls: [born("a")], keyed });
    expect(valueOf(merged([...piecesOf(r, 1)]), "c")).toBe(BigInt(dotsMax) + 1n);
  });
});

describe("the pieces of a state", () => {
  const writer = "0102030405060708090a0b0c";
  const node = "00112233445566778899aabbccddeeff";
  const floor = [{ writer, position: 1, plus: 3n, minus: 1n }];
  const key = { counter: "c", delta: 4n, key: "k", at: 1, until: 9, value: 6n };

  /** The least state with everything that the first release knew. */
  function stateOfFirstRelease(): Replica {
    const r = emptyReplica();
    const none = { controls: [], plain: [], keyed: [] };
    const use = { plain: [{ counter: "c", plus: 3n, minus: 1n }], keyed: [key] };
    const controls = [{ kind: "born", node, boot: 1 } as const];
    applyRecord(r, { writer, position: 1, hash: 5 }, { hlc: 9, controls, ...use });
    const reset = { kind: "reset", counter: "c", floor } as const;
    const plain = [{ counter: "c", plus: 7n, minus: 0n }];
    const set = { ...none, hlc: 10, controls: [reset], plain };
    applyRecord(r, { writer, position: 2, hash: 6 }, set);
    return r;
  }

  const hexOf = (r: Replica): string[] => {
    return [...piecesOf(r)].map((piece) => Buffer.from(piece).toString("hex"));
  };

  it("are these bytes, for ever, without settings and deletions", () => {
    expect(hexOf(stateOfFirstRelease())).toEqual([
      `0100` + `000163016b` + `0100${writer}010009` + `010802040206`,
      `0101` + `000163` + `0100${writer}02020a0201` + `0101010203020100`,
      `0103` + `0000${writer}${node}010a000000`,
      `0104` + `0100${writer}0206` + `01010206`,
    ]);
  });

  it("are these bytes with settings and a deletion", () => {
    const r = stateOfFirstRelease();
    const labels = new Map([["a", "x"]]);
    const deletion = { kind: "delete", counter: "c", floor } as const;
    const settings = {
      kind: "configure",
      counter: "d",
      config: { labels, others: [] },
    } as const;
    const controls = [deletion, settings];
    applyRecord(r, { writer, position: 3, hash: 7 }, { hlc: 11, controls, plain: [], keyed: [] });
    const [, settled] = hexOf(r);
    expect(settled).toBe(
      [
        `0105` + `000163` + `0100${writer}02020a0201` + `0101010203020100`,
        `010101` + `0b0103` + `00`, // what is gone, the stamp, deleted
        `000164` + `000000` + `00` + `0b0103` + `01` + `010105010161` + `0178`,
      ].join(""),
    );
    expect(digestOf(merged([...piecesOf(r)]), 0)).toBe(digestOf(r, 0));
  });

  it("are these bytes with a deed, which is in a piece of its own", () => {
    const r = stateOfFirstRelease();
    const deed = { type: "delete", floor } as const;
    const span = { key: "d", at: 1, until: 3, value: 2n };
    const controls = [{ kind: "deed", counter: "c", ...span, deed } as const];
    applyRecord(r, { writer, position: 3, hash: 7 }, { hlc: 11, controls, plain: [], keyed: [] });
    const first = hexOf(stateOfFirstRelease());
    const [keys, deeds, counters] = hexOf(r);
    expect([keys, counters]).toEqual(first.slice(0, 2)); // what holds in any case
    const place = `0100${writer}03` + `000b` + `0102`; // index, time, from when until when
    expect(deeds).toBe(`0106` + `0001630164` + place + `0202` + `0301${writer}01` + `02030201`);
    expect(digestOf(merged([...piecesOf(r)]), 0)).toBe(digestOf(r, 0));
  });
});

describe("the heads", () => {
  it("move with the last piece, and only forward", () => {
    const library = new Library();
    const source = emptyReplica();
    const [a, b] = [writerId("a"), writerId("b")];
    library.write(source, a, { controls: [born("a")] });
    library.write(source, b, { controls: [born("b")] });
    const target = emptyReplica();
    library.apply(target, b);
    const pieces = piecesOf(source);
    library.write(source, a, {}); // what comes in meanwhile is not in the heads
    const taken = [...pieces];
    const moved = taken.map((piece) => mergePiece(target, piece));
    const said = taken.map((piece) => factsOf(piece).heads).filter((heads) => heads !== null);
    expect(said.map(({ ahead }) => ahead.map(({ position }) => position))).toEqual([[2, 1]]);
    expect(moved.slice(0, -1).flat()).toEqual([]);
    expect(moved.at(-1)).toEqual([{ writer: a, position: 1, hash: library.of(a)[0]?.hash }]);
  });
  it("are refused without the pieces before", () => {
    const library = new Library();
    const source = emptyReplica();
    library.write(source, writerId("a"), { controls: [born("a")] });
    const target = emptyReplica();
    expect(() => mergePiece(target, [...piecesOf(source)].at(-1)!)).toThrow(MalformedError);
    expect(target.writers.size).toBe(0);
  });
});

describe("a damaged piece", () => {
  it("is refused before anything changes, or it is a piece", () => {
    const { replicas } = lived(30);
    const pieces = replicas.flatMap((r) => [...piecesOf(r, 200)]);
    const draw = drawFrom(4);
    let refused = 0;
    let target = emptyReplica();
    for (let round = 0; round < 10_000; round += 1) {
      const piece = damaged(pick(draw, pieces), draw);
      try {
        mergePiece(target, piece);
        target = emptyReplica();
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        refused += 1;
        expect(target.counters.size + target.writers.size + target.members.size).toBe(0);
      }
    }
    expect(refused).toBeGreaterThan(3_000);
  });
  it.each([
    { bytes: [], because: "nothing" },
    { bytes: [2, 0], because: "another format" },
    { bytes: [1, 9], because: "another kind" },
    { bytes: [1, 2, 7], because: "another kind of part" },
  ])("is refused: $because", ({ bytes }) => {
    expect(() => mergePiece(emptyReplica(), Uint8Array.from(bytes))).toThrow(MalformedError);
  });
});
