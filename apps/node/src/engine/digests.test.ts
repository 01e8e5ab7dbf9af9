import { Digests, digestsDueMax, digestsKept } from "./digests.ts";

const state = (text: string): Iterable<Uint8Array> =>
  Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte));

test("equal states have equal digests, other states others", async () => {
  const digests = new Digests();
  digests.take({ index: 1, state: state("abc") });
  digests.take({ index: 2, state: state("abc") });
  digests.take({ index: 3, state: state("abd") });
  const made = await Promise.all([1, 2, 3].map((index) => digests.at(index, 60_000)));
  expect(made.map((one) => one?.index)).toEqual([1, 2, 3]);
  expect(made[0]!.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(made[1]!.digest).toBe(made[0]!.digest);
  expect(made[2]!.digest).not.toBe(made[0]!.digest);
});

test(`the last ${digestsKept} are remembered`, async () => {
  const digests = new Digests();
  for (let index = 1; index <= digestsKept + 1; index += 1) {
    digests.take({ index, state: state("a") });
    await digests.at(index, 60_000);
  }
  expect(digests.known.map(({ index }) => index)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await digests.at(1, 1)).toBeNull();
});

test(`of those that wait, the oldest are left out beyond ${digestsDueMax}`, async () => {
  const digests = new Digests();
  for (let index = 1; index <= digestsDueMax + 3; index += 1) {
    digests.take({ index, state: state("a") });
  }
  await digests.at(digestsDueMax + 3, 60_000);
  // The first was begun at once.
  expect(digests.known.map(({ index }) => index)).toEqual([1, 4, 5, 6, 7]);
});
