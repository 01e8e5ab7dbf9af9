import { nodeFileSystem } from "./file-system.ts";
import { type SyncMode, SyncPolicy } from "./sync-policy.ts";

/** A policy over a disk that takes as long as it is told. */
function policyOf(mode: SyncMode): { sync(tookMs: number): Promise<void>; policy: SyncPolicy } {
  let nowMs = 0;
  let takesMs = 0;
  const work = (): void => {
    nowMs += takesMs;
  };
  const files = { ...nodeFileSystem, sync: async () => work(), syncNow: work };
  const policy = new SyncPolicy(files, { mode, now: () => nowMs });
  return {
    policy,
    async sync(tookMs) {
      takesMs = tookMs;
      await policy.sync(1);
    },
  };
}

/** How many fast syncs it takes until the policy goes inline. */
async function runUntilInline(of: ReturnType<typeof policyOf>): Promise<number> {
  let count = 0;
  for (; !of.policy.inline; count += 1) await of.sync(0.1);
  return count;
}

describe("pool or this thread", () => {
  it.each([
    { mode: "pool", inline: false },
    { mode: "inline", inline: true },
  ] as const)("$mode stays what it is, fast or slow", async ({ mode, inline }) => {
    const of = policyOf(mode);
    for (const tookMs of [...Array<number>(100).fill(0.05), 500, 0.05]) {
      await of.sync(tookMs);
      expect(of.policy.inline).toBe(inline);
    }
  });

  it("adaptive goes inline after a run of fast syncs", async () => {
    expect(await runUntilInline(policyOf("adaptive"))).toBe(32);
  });

  it("adaptive counts again after a slow one", async () => {
    const of = policyOf("adaptive");
    for (let i = 0; i < 31; i += 1) await of.sync(0.1);
    await of.sync(5);
    expect(await runUntilInline(of)).toBe(32);
  });

  it("adaptive leaves at the first slow sync, and returns later each time", async () => {
    const of = policyOf("adaptive");
    const runs: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      runs.push(await runUntilInline(of));
      await of.sync(800);
      expect(of.policy.inline).toBe(false);
    }
    expect(runs).toEqual([32, 64, 128, 256]);
  });

  it.each(["pool", "inline", "adaptive"] as const)(
    "%s tells how long each sync took",
    async (mode) => {
      let nowMs = 0;
      const work = (): void => {
        nowMs += 3;
      };
      const files = { ...nodeFileSystem, sync: async () => work(), syncNow: work };
      const told: number[] = [];
      const onSync = (tookMs: number): number => told.push(tookMs);
      const policy = new SyncPolicy(files, { mode, now: () => nowMs, onSync });
      await policy.sync(1);
      await policy.sync(1);
      expect(told).toEqual([3, 3]);
    },
  );
});
