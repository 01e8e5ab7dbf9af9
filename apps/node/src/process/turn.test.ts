import { Turn, turnMaxMs } from "./turn.ts";

describe("a turn of long work", () => {
  it("is over after some milliseconds, and others come before the next one", async () => {
    const order: string[] = [];
    setImmediate(() => order.push("another"));
    const turn = new Turn();
    const beganMs = performance.now();
    while (!turn.over);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(turnMaxMs - 1);
    await turn.next();
    order.push("again");
    expect(order).toEqual(["another", "again"]);
  });
});
