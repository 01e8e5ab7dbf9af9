import { startAlone, startHost, stopAll } from "../test-support/host.ts";
import { ScriptedTransport } from "../test-support/scripted-transport.ts";

afterEach(stopAll);

const tickMs = 5;

/** Everybody else waits: what a long garbage collection or a stopped process looks like from inside. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

describe("the clock of a node", () => {
  it("counts an event loop that stood still as one tick, not as many", async () => {
    const transport = new ScriptedTransport();
    const { watch } = await startHost("a", ["a", "b", "c"], { transport, tickMs });
    const ticks = (): number =>
      watch.seen.filter((seen) => "input" in seen && seen.input.type === "tick").length;
    const before = ticks();
    standStill(60 * tickMs);
    const woke = performance.now();
    await watch.until(() => ticks() > before);
    await turns(10);
    const sinceThen = (performance.now() - woke) / tickMs;
    expect(ticks() - before).toBeLessThanOrEqual(2 + sinceThen);
  });

  it("is not the wall clock, which may jump", async () => {
    const wallClock = jest.spyOn(Date, "now").mockImplementation(() => {
      throw new Error("somebody looked at the wall clock");
    });
    try {
      const { node } = await startAlone();
      await node.propose(Uint8Array.of(1));
      await node.read(() => 1);
      await node.takeSnapshot();
      await node.stop();
      expect(wallClock).not.toHaveBeenCalled();
    } finally {
      wallClock.mockRestore();
    }
  });
});
