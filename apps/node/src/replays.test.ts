import { Replays } from "./replays.ts";

const told: string[] = [];
let replays: Replays;
beforeEach(() => {
  jest.useFakeTimers();
  told.length = 0;
  replays = new Replays((way, { records, bytes, exchanges }) => {
    told.push(`${records} ${way}, ${bytes} bytes, ${exchanges} exchanges`);
  });
});
afterEach(() => jest.useRealTimers());

test("a burst is one line for each peer and direction", () => {
  replays.add("to a", { records: 2, bytes: 20 });
  replays.add("from a", { records: 1, bytes: 5 });
  replays.add("to a", { records: 3, bytes: 30 });
  expect(told).toEqual([]);
  jest.advanceTimersByTime(500);
  expect(told).toEqual(["5 to a, 50 bytes, 2 exchanges", "1 from a, 5 bytes, 1 exchanges"]);
  replays.add("to a", { records: 1, bytes: 1 });
  jest.advanceTimersByTime(500);
  expect(told).toHaveLength(3);
});

test("what is not told yet is told at the end, once", () => {
  replays.add("to a", { records: 2, bytes: 20 });
  replays.flush();
  replays.flush();
  jest.advanceTimersByTime(1000);
  expect(told).toEqual(["2 to a, 20 bytes, 1 exchanges"]);
});
