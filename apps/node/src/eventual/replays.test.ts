import { Replays } from "./replays.ts";

const out = { peer: "a", direction: "out" } as const;
const told: string[] = [];
let replays: Replays;
beforeEach(() => {
  jest.useFakeTimers();
  told.length = 0;
  replays = new Replays(({ peer, direction }, { records, bytes, exchanges }) => {
    told.push(`${records} ${direction} ${peer}, ${bytes} bytes, ${exchanges} exchanges`);
  });
});
afterEach(() => jest.useRealTimers());

test("a burst is one line for each peer and direction", () => {
  replays.add({ ...out, records: 2, bytes: 20 });
  replays.add({ peer: "a", direction: "in", records: 1, bytes: 5 });
  replays.add({ ...out, records: 3, bytes: 30 });
  expect(told).toEqual([]);
  jest.advanceTimersByTime(500);
  expect(told).toEqual(["5 out a, 50 bytes, 2 exchanges", "1 in a, 5 bytes, 1 exchanges"]);
  replays.add({ ...out, records: 1, bytes: 1 });
  jest.advanceTimersByTime(500);
  expect(told).toHaveLength(3);
});

test("what is not told yet is told at the end, once", () => {
  replays.add({ ...out, records: 2, bytes: 20 });
  replays.flush();
  replays.flush();
  jest.advanceTimersByTime(1000);
  expect(told).toEqual(["2 out a, 20 bytes, 1 exchanges"]);
});
