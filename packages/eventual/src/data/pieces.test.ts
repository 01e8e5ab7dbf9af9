import { damaged, drawFrom, pick } from "../test-support/random.ts";
import { RandomLife } from "../test-support/random-life.ts";
import { everyRule } from "../test-support/variant.ts";
import { born, Library, writerId } from "../test-support/writing.ts";
import { digestOf } from "./digest.ts";
import { MalformedError } from "./errors.ts";
import { dotsMax, pieceBytes } from "./limits.ts";
import { mergePiece, piecesOf } from "./pieces.ts";
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
    const moved = [...pieces].map((piece) => mergePiece(target, piece));
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
