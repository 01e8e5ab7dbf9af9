import { timeOrderedKey, drawFrom } from "../test-support/random.ts";
import { born, Library, member, writerId } from "../test-support/writing.ts";
import type { Control, Position, RecordBody, WriterId } from "../types.ts";
import { closeKeys, isFinal, keepsKeys } from "./closing.ts";
import { addDot, keyCount } from "./keys.ts";
import { promisesMax } from "./limits.ts";
import type { Replica } from "./replica.ts";
import { counterOf, emptyReplica, headOf, vectorOf } from "./replica.ts";
import { floorNow, valueOf } from "./values.ts";

const [a, b, a2] = [writerId("a"), writerId("b"), writerId("c")];

function promise(before: number, known: ReadonlyMap<WriterId, Position> = new Map()): Control {
  return { kind: "promise", before, known };
}

function use(key: string, at: number, until: number = at + 10, delta: bigint = 1n) {
  return { counter: "c", delta, key, at, until, value: delta };
}

/** A replica, and a way to write what its writers do; everything is known here at once. */
class Scene {
  readonly r: Replica = emptyReplica();
  readonly library: Library = new Library();

  write(writer: WriterId, parts: Partial<RecordBody>): void {
    this.library.write(this.r, writer, parts);
  }

  control(writer: WriterId, ...controls: Control[]): void {
    this.write(writer, { controls });
  }

  /** Promises in the knowledge of everything that was written. */
  promise(writer: WriterId, before: number): void {
    const known = vectorOf(this.r);
    known.delete(writer);
    this.control(writer, promise(before, known));
  }
}

/** Members a and b, each with one writer that has promised nothing yet. */
function two(): Scene {
  const scene = new Scene();
  scene.control(a, born("a"), promise(0), member("a"));
  scene.control(b, born("b"), promise(0), member("b"));
  return scene;
}

describe("keys are closed", () => {
  it("when everybody promised, and then promised again in the knowledge of that", () => {
    const scene = two();
    scene.write(a, { keyed: [use("k", 100)] });
    scene.promise(a, 110);
    expect(closeKeys(scene.r, 100)).toBeNull();
    scene.promise(b, 110);
    expect(closeKeys(scene.r, 100)).toBeNull(); // a does not say that it knows the promise of b
    scene.promise(a, 111);
    expect(closeKeys(scene.r, 100)).toEqual({ before: 110, keys: 1 });
    expect([keyCount(scene.r), valueOf(scene.r, "c")]).toEqual([0, 1n]);
  });
  it("by a node alone at once", () => {
    const scene = new Scene();
    scene.control(a, born("a"), member("a"));
    scene.write(a, { keyed: [use("k", 100)] });
    scene.promise(a, 109);
    expect(closeKeys(scene.r, 100)).toBeNull();
    scene.promise(a, 110);
    expect(closeKeys(scene.r, 100)).toEqual({ before: 110, keys: 1 });
  });
  it("the oldest first, and no instant is cut", () => {
    const scene = new Scene();
    const keyed = ["k1", "k2", "k3"].map((key) => use(key, 100));
    scene.write(a, { controls: [born("a"), member("a")], keyed: [...keyed, use("k4", 101)] });
    scene.promise(a, 200);
    expect(closeKeys(scene.r, 1)).toEqual({ before: 110, keys: 3 });
    expect(closeKeys(scene.r, 1)).toEqual({ before: 200, keys: 1 });
    expect(closeKeys(scene.r, 1)).toBeNull();
    expect(valueOf(scene.r, "c")).toBe(4n);
  });
  it("not while a part of what hangs together has not ended", () => {
    const scene = new Scene();
    scene.write(a, { controls: [born("a"), member("a")], keyed: [use("k", 100), use("k", 109)] });
    scene.promise(a, 118);
    expect(closeKeys(scene.r, 100)).toBeNull();
    scene.promise(a, 119);
    expect(closeKeys(scene.r, 100)).toEqual({ before: 119, keys: 2 });
    expect(valueOf(scene.r, "c")).toBe(1n);
  });
  it("and the later use of the same key stays", () => {
    const scene = new Scene();
    scene.write(a, { controls: [born("a"), member("a")], keyed: [use("k", 100), use("k", 110)] });
    scene.promise(a, 119);
    expect(closeKeys(scene.r, 100)).toEqual({ before: 119, keys: 1 });
    expect([keyCount(scene.r), valueOf(scene.r, "c")]).toEqual([1, 2n]);
  });
});

describe("what is closed", () => {
  function closed(): Scene {
    const scene = new Scene();
    scene.control(a, born("a"), member("a"));
    scene.write(a, { keyed: [use("k", 100), use("k", 109)] });
    scene.promise(a, 200);
    closeKeys(scene.r, 100);
    return scene;
  }
  it.each([
    { index: 0, at: 100 },
    { index: 1, at: 109 },
  ])("counts no more when the use at $at comes again, alone", ({ index, at }) => {
    const { r } = closed();
    const rest = { delta: 1n, value: 1n, until: at + 10, isSet: false, deed: null };
    addDot(r, counterOf(r, "c"), "k", { writer: a, position: 2, index, hlc: 2, at, ...rest });
    expect(valueOf(r, "c")).toBe(1n);
    closeKeys(r, 100);
    expect([keyCount(r), valueOf(r, "c")]).toEqual([0, 1n]);
  });
  it("is not even remembered again, if its key says when it ended", () => {
    const scene = new Scene();
    const key = timeOrderedKey(drawFrom(1), 100);
    scene.control(a, born("a"), member("a"));
    scene.write(a, { keyed: [use(key, 100, 101)] });
    scene.promise(a, 200);
    closeKeys(scene.r, 100);
    const dot = {
      writer: a,
      position: 2,
      index: 0,
      hlc: 2,
      at: 100,
      until: 101,
      isSet: false,
      deed: null,
    };
    addDot(scene.r, counterOf(scene.r, "c"), key, { ...dot, delta: 1n, value: 1n });
    expect(keyCount(scene.r)).toBe(0);
  });
  it("goes with a reset that comes later", () => {
    const scene = closed();
    const floor = floorNow(scene.r, "c", { writer: a, position: 3 });
    scene.control(a, { kind: "reset", counter: "c", floor });
    expect(valueOf(scene.r, "c")).toBe(0n);
    scene.write(a, { keyed: [use("k", 300, 310, 7n)] });
    scene.promise(a, 400);
    closeKeys(scene.r, 100);
    expect(valueOf(scene.r, "c")).toBe(7n);
  });
  it("keeps its sum when a reset took away the addition of a retry", () => {
    const scene = two();
    scene.write(a, { keyed: [use("k", 100), use("l", 100)] });
    const floor = [{ writer: a, position: 1, plus: 0n, minus: 0n }];
    scene.control(b, { kind: "reset", counter: "c", floor });
    scene.promise(a, 200);
    scene.promise(b, 200);
    scene.promise(a, 200);
    closeKeys(scene.r, 100);
    expect(valueOf(scene.r, "c")).toBe(2n);
  });
});

describe("nothing is closed, and it is told who keeps it,", () => {
  function open(): Scene {
    const scene = new Scene();
    scene.control(a, born("a"), member("a"));
    scene.write(a, { keyed: [use("k", 100)] });
    return scene;
  }
  it("while a named address was not met", () => {
    const scene = open();
    const named = { address: "host-b:1", version: 1, wanted: true };
    scene.control(a, { kind: "named", named });
    scene.promise(a, 200);
    expect(closeKeys(scene.r, 100)).toBeNull();
    expect(keepsKeys(scene.r)).toEqual(["host-b:1"]);
    scene.control(a, { kind: "named", named: { ...named, version: 2, wanted: false } });
    expect(keepsKeys(scene.r)).toEqual([]);
    expect(closeKeys(scene.r, 100)).not.toBeNull();
  });
  it("while a member has written nothing that is known here", () => {
    const scene = open();
    scene.control(a, member("b", "joining"));
    scene.promise(a, 200);
    expect(closeKeys(scene.r, 100)).toBeNull();
    expect(keepsKeys(scene.r)).toEqual(["b"]);
  });
  it("while a member is silent", () => {
    const scene = two();
    scene.write(a, { keyed: [use("k", 100)] });
    scene.promise(a, 200);
    scene.promise(a, 200);
    expect(closeKeys(scene.r, 100)).toBeNull();
    expect(keepsKeys(scene.r)).toEqual(["b"]);
  });
  it("while somebody knows of a writer of whom nothing is known here", () => {
    const scene = open();
    scene.control(a, promise(200, new Map([[b, 1]])));
    expect(closeKeys(scene.r, 100)).toBeNull();
    scene.control(b, born("b"));
    scene.promise(b, 200);
    scene.promise(a, 200);
    expect(closeKeys(scene.r, 100)).not.toBeNull();
  });
});

describe("a writer is final", () => {
  /** Node a has rebooted as a2, and sealed its first writer at its end. */
  function rebooted(): Scene {
    const scene = two();
    const seal: Control = { kind: "seal", writer: a, position: 1 };
    scene.control(a2, born("a", 2), seal);
    return scene;
  }
  it("when it is sealed and every other member says that it knows that, and no more", () => {
    const scene = rebooted();
    expect(isFinal(scene.r, a)).toBe(false);
    scene.promise(b, 10);
    expect(isFinal(scene.r, a)).toBe(true);
  });
  it("not when somebody knows of a record beyond the seal", () => {
    const scene = rebooted();
    scene.control(b, promise(10, new Map([[a, 2], [a2, 1]]))); // prettier-ignore
    expect(isFinal(scene.r, a)).toBe(false);
  });
  it("not before what it wrote is known here", () => {
    const scene = rebooted();
    scene.promise(b, 10);
    const behind = emptyReplica();
    for (const writer of [b, a2]) scene.library.apply(behind, writer);
    expect(isFinal(behind, a)).toBe(false);
    scene.library.apply(behind, a);
    expect(isFinal(behind, a)).toBe(true);
  });
  it("not by the word of another node", () => {
    const scene = two();
    scene.control(b, { kind: "seal", writer: a, position: 1 });
    scene.promise(b, 10);
    expect([scene.r.writers.get(a)?.sealedAt, isFinal(scene.r, a)]).toEqual([null, false]);
  });
  it("of a removed member, when all others know of the removal and of no more records", () => {
    const scene = two();
    const c = writerId("d");
    scene.control(c, born("d"), promise(0), member("d"));
    scene.control(a, member("b", "removed", 2));
    scene.promise(a, 10);
    expect(isFinal(scene.r, b)).toBe(false);
    scene.control(c, promise(10, new Map([[a, 2], [b, 2]]))); // prettier-ignore
    expect(isFinal(scene.r, b)).toBe(false);
    scene.control(b, promise(9));
    expect([headOf(scene.r, b).position, isFinal(scene.r, b)]).toEqual([2, true]);
  });
  it("and then holds up nothing, though it promised nothing", () => {
    const scene = rebooted();
    scene.write(b, { keyed: [use("k", 100)] });
    for (const writer of [b, a2, b]) scene.promise(writer, 200);
    expect(closeKeys(scene.r, 100)).toEqual({ before: 200, keys: 1 });
  });
});

describe("the promises of a writer", () => {
  it("are as many as the limit, the latest of them", () => {
    const scene = new Scene();
    scene.control(a, born("a"));
    for (let before = 1; before <= promisesMax + 1; before += 1) scene.promise(a, before);
    const promises = scene.r.writers.get(a)?.promises ?? [];
    expect([promises.length, promises[0]?.before]).toEqual([promisesMax, 2]);
  });
  it("are forgotten up to what is closed, but for the last", () => {
    const scene = new Scene();
    scene.write(a, { controls: [born("a"), member("a")], keyed: [use("k", 0)] });
    for (const before of [5, 10, 20, 30]) scene.promise(a, before);
    closeKeys(scene.r, 100);
    expect(scene.r.writers.get(a)?.promises).toEqual([{ before: 30, position: 5 }]);
  });
});
