import { heldMax, heldMaxBytes, HeldRequests, pauseBefore } from "./held.ts";

const long = 60_000;

test("a request is released by a change, and may try again", async () => {
  const held = new HeldRequests();
  const waiting = [held.hold(0, long), held.hold(0, long)];
  expect(held.size).toBe(2);
  held.release();
  expect(await Promise.all(waiting)).toEqual([true, true]);
  expect(held.size).toBe(0);
});

test("it waits only so long", async () => {
  expect(await new HeldRequests().hold(0, 1)).toBe(true);
});

test("when the node stops, nobody waits any more, or begins to", async () => {
  const held = new HeldRequests();
  const waiting = held.hold(0, long);
  held.close();
  expect([await waiting, await held.hold(0, long)]).toEqual([false, false]);
});

test("one request more than allowed must not wait, until another one has left", async () => {
  const held = new HeldRequests();
  const waiting = Array.from({ length: heldMax }, () => held.hold(0, long));
  expect(await held.hold(0, long)).toBe(false);
  held.release();
  await Promise.all(waiting);
  const again = held.hold(0, long);
  held.release();
  expect(await again).toBe(true);
});

test("nor one whose body does not fit beside the others", async () => {
  const held = new HeldRequests();
  const waiting = held.hold(heldMaxBytes - 1, long);
  expect(await held.hold(2, long)).toBe(false);
  const small = held.hold(1, long);
  held.release();
  expect(await Promise.all([waiting, small])).toEqual([true, true]);
});

test("pauses double up to a limit", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 100].map(pauseBefore);
  expect(pauses).toEqual([25, 50, 100, 200, 400, 400, 400]);
});
