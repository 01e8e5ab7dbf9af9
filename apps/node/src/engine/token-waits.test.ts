import { TokenWaits } from "./token-waits.ts";

const long = 60_000; // nobody waits for it to end

function setup(waitersMax?: number): {
  waits: TokenWaits;
  reach: (revision: number, epoch?: number) => void;
} {
  let current = { epoch: 0, revision: 5 };
  const waits = new TokenWaits(() => current, waitersMax === undefined ? {} : { waitersMax });
  const reach = (revision: number, epoch: number = 0): void => {
    current = { epoch, revision };
    waits.applied();
  };
  return { waits, reach };
}

test("what has been applied is not waited for", async () => {
  const { waits } = setup();
  await waits.until({ epoch: 0, revision: 5 }, 0);
  expect(waits.waiting).toBe(0);
});

test("everybody is woken by what they wait for, and not before", async () => {
  const { waits, reach } = setup();
  const woken: number[] = [];
  const all = [9, 7, 8].map(async (revision) => {
    await waits.until({ epoch: 0, revision }, long);
    woken.push(revision);
  });
  reach(6);
  expect(waits.waiting).toBe(3);
  reach(8);
  expect(waits.waiting).toBe(1);
  reach(20);
  await Promise.all(all);
  expect(woken).toEqual([7, 8, 9]);
  expect(waits.waiting).toBe(0);
});

test("who does not want to wait is told at once, others when their time is over", async () => {
  const { waits } = setup();
  const token = { epoch: 0, revision: 6 };
  const notYet = { code: "NOT_YET_CONSISTENT", outcome: "not-applied" };
  await expect(waits.until(token, 0)).rejects.toMatchObject(notYet);
  await expect(waits.until(token, 5)).rejects.toMatchObject(notYet);
  expect(waits.waiting).toBe(0);
});

test("a token from before a restore is foreign, also while it waits", async () => {
  const { waits, reach } = setup();
  const waiting = waits.until({ epoch: 0, revision: 9 }, long);
  reach(7, 1);
  await expect(waiting).rejects.toMatchObject({ code: "TOKEN_FOREIGN" });
  await expect(waits.until({ epoch: 0, revision: 3 }, long)).rejects.toMatchObject({
    code: "TOKEN_FOREIGN",
  });
  expect(waits.waiting).toBe(0);
});

test("a restore that this node has not applied yet is waited for", async () => {
  const { waits, reach } = setup();
  const waiting = waits.until({ epoch: 1, revision: 8 }, long);
  reach(8);
  expect(waits.waiting).toBe(1);
  reach(8, 1);
  await waiting;
});

test("more than allowed do not wait", async () => {
  const { waits, reach } = setup(1);
  const waiting = waits.until({ epoch: 0, revision: 6 }, long);
  await expect(waits.until({ epoch: 0, revision: 6 }, long)).rejects.toMatchObject({
    code: "TOO_MANY_WAITING",
  });
  reach(6);
  await waiting;
});
