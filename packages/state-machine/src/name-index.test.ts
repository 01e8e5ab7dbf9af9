import { NameIndex } from "./name-index.ts";
import { drawFrom } from "./test-support/mutations.ts";

function namesFrom(index: NameIndex, name: string): string[] {
  return [...index.from(name)];
}

it("gives names in ascending order, whatever was added and removed, from any name on", () => {
  const draw = drawFrom(7);
  const index = new NameIndex();
  const expected = new Set<string>();
  for (let step = 0; step < 12_000; step += 1) {
    const name = `n${draw(3000)}`;
    const adding = step < 6000 ? draw(4) > 0 : draw(4) === 0;
    if (adding && !expected.has(name)) {
      expected.add(name);
      index.add(name);
    } else if (!adding && expected.delete(name)) {
      index.remove(name);
    }
    if (step % 500 > 0) continue;
    const sorted = [...expected].sort();
    expect(index.size).toBe(sorted.length);
    expect(namesFrom(index, "")).toEqual(sorted);
    const from = `n${draw(3000)}`;
    expect(namesFrom(index, from)).toEqual(sorted.filter((one) => one >= from));
  }
});

it("is empty again when all is removed, and takes names again", () => {
  const index = new NameIndex();
  const names = Array.from({ length: 2000 }, (_, at) => `n${at}`);
  for (const name of names) index.add(name);
  for (const name of names) index.remove(name);
  expect(namesFrom(index, "")).toEqual([]);
  index.add("b");
  index.add("a");
  expect(namesFrom(index, "")).toEqual(["a", "b"]);
});

it("removing what is not there changes nothing", () => {
  const index = new NameIndex();
  index.remove("a");
  index.add("b");
  index.remove("a");
  index.remove("c");
  expect([index.size, namesFrom(index, "")]).toEqual([1, ["b"]]);
});
