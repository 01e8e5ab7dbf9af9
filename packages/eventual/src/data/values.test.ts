import { born, Library, writerId } from "../test-support/writing.ts";
import type { FloorEntry } from "../types.ts";
import type { Replica } from "./replica.ts";
import { emptyReplica } from "./replica.ts";
import { floorNow, valueOf } from "./values.ts";

const a = writerId("a");
const b = writerId("b");

function plain(plus: bigint, minus: bigint = 0n) {
  return { plain: [{ counter: "c", plus, minus }] };
}

function reset(floor: readonly FloorEntry[]) {
  return { kind: "reset", counter: "c", floor } as const;
}

/** Two nodes that know of each other's first record. */
function pair(): { library: Library; at: Replica; other: Replica } {
  const library = new Library();
  const [at, other] = [emptyReplica(), emptyReplica()];
  library.write(at, a, { controls: [born("a")] });
  library.write(other, b, { controls: [born("b")] });
  library.sync(at, other);
  library.sync(other, at);
  return { library, at, other };
}

describe("the value of a counter", () => {
  it("is 0 as long as nobody touched it", () => {
    expect(valueOf(emptyReplica(), "c")).toBe(0n);
  });
  it("is the sum over all writers", () => {
    const { library, at, other } = pair();
    library.write(at, a, plain(5n, 2n));
    library.write(other, b, plain(2n ** 254n));
    library.sync(other, at);
    expect(valueOf(at, "c")).toBe(3n + 2n ** 254n);
  });
});

describe("a reset", () => {
  it("takes off what its node knew, and not what came in meanwhile elsewhere", () => {
    const { library, at, other } = pair();
    library.write(at, a, plain(5n));
    library.sync(at, other);
    library.write(at, a, plain(7n));
    library.write(other, b, {
      controls: [reset(floorNow(other, "c", { writer: b, position: 1 }))],
    });
    library.sync(other, at);
    library.sync(at, other);
    expect([valueOf(at, "c"), valueOf(other, "c")]).toEqual([7n, 7n]);
  });
  it("may arrive before what it covers", () => {
    const { library, at, other } = pair();
    const third = emptyReplica();
    library.write(at, a, plain(5n));
    library.sync(at, other);
    library.write(other, b, {
      controls: [reset(floorNow(other, "c", { writer: b, position: 1 }))],
    });
    library.apply(third, b);
    expect(valueOf(third, "c")).toBe(0n);
    library.apply(third, a, 1);
    expect(valueOf(third, "c")).toBe(0n);
    library.apply(third, a);
    expect(valueOf(third, "c")).toBe(0n);
  });
  it("together with another one takes everything off once", () => {
    const { library, at, other } = pair();
    library.write(at, a, plain(5n));
    library.sync(at, other);
    library.write(at, a, { controls: [reset(floorNow(at, "c", { writer: a, position: 2 }))] });
    library.write(other, b, {
      controls: [reset(floorNow(other, "c", { writer: b, position: 1 }))],
    });
    library.sync(at, other);
    expect(valueOf(other, "c")).toBe(0n);
  });
  it("beside an addition in one record sets the counter", () => {
    const { library, at } = pair();
    library.write(at, a, plain(5n));
    const controls = [reset(floorNow(at, "c", { writer: a, position: 2 }))];
    library.write(at, a, { controls, ...plain(9n) });
    expect(valueOf(at, "c")).toBe(9n);
  });
  it("covers the own records that are applied, and no more", () => {
    const { library, at } = pair();
    library.write(at, a, plain(5n, 1n));
    expect(floorNow(at, "c", null)).toEqual([
      { writer: a, position: 2, plus: 5n, minus: 1n },
      { writer: b, position: 1, plus: 0n, minus: 0n },
    ]);
  });
});
