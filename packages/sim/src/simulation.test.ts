import { RaftCore } from "@counter/raft";
import type { RaftCoreFactory, RaftCoreLike } from "@counter/raft";
import { replayCommand, runSeeds, shrink } from "./batch.ts";
import { counterMachineWorkload } from "./counter-machine-workload.ts";
import { counterOperationsWorkload } from "./counter-operations-workload.ts";
import { counterRestoresWorkload } from "./counter-restores-workload.ts";
import { counterWorkload } from "./counter-workload.ts";
import { exactlyOnceWorkload } from "./exactly-once-workload.ts";
import { runSeed, runSeedAsync } from "./simulation.ts";
import type { SimStateMachine, SimWorkload } from "./machine.ts";

/** A core that does everything but what `tamper` takes away. */
function tampered(tamper: (core: RaftCoreLike) => RaftCoreLike): RaftCoreFactory {
  return (options, persisted) => tamper(new RaftCore(options, persisted));
}

function wrap(core: RaftCoreLike, changes: Partial<RaftCoreLike>): RaftCoreLike {
  return {
    step: (input) => core.step(input),
    hasReady: () => core.hasReady(),
    ready: () => core.ready(),
    status: () => core.status(),
    snapshotMeta: () => core.snapshotMeta(),
    ...changes,
  };
}

describe("a simulation", () => {
  it("is the same twice for the same seed, with and without a trace", () => {
    for (const seed of [1, 2, 3, 42]) {
      const { traceHash, events } = runSeed(seed);
      expect(runSeed(seed)).toMatchObject({ traceHash, events });
      expect(runSeed(seed, { trace: true })).toMatchObject({ traceHash, events });
    }
  });

  it("is another one for another seed", () => {
    const hashes = new Set([1, 2, 3, 4, 5].map((seed) => runSeed(seed).traceHash));
    expect(hashes.size).toBe(5);
  });

  it("writes one fact a line: tick, who, what", () => {
    const { trace } = runSeed(3, { trace: true });
    expect(trace.length).toBeGreaterThan(100);
    for (const line of trace) expect(line).toMatch(/^ *\d+\.\d\d {2}\S.* {2}\S/);
    expect(trace.some((line) => line.includes("=> leader"))).toBe(true);
  });

  it("finds nothing wrong with the core in fifty seeds, and reaches its corners", async () => {
    const seeds = Array.from({ length: 50 }, (_, i) => i + 1);
    const { failures, answered, coverage } = await runSeeds(seeds);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(1000);
    for (const corner of ["splitVote", "truncatedByNewLeader", "snapshotInstalled"] as const) {
      expect(coverage[corner]).toBeGreaterThan(0);
    }
  }, 60_000);

  it("finds nothing wrong with any operation of the shipped counters in ten seeds", async () => {
    const seeds = Array.from({ length: 10 }, (_, i) => i + 1);
    const { failures, answered } = await runSeeds(seeds, { workload: counterOperationsWorkload });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(300);
  }, 60_000);

  it("finds nothing wrong with restores in parts in ten seeds", async () => {
    const seeds = Array.from({ length: 10 }, (_, i) => i + 1);
    const { failures, answered } = await runSeeds(seeds, { workload: counterRestoresWorkload });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(300);
  }, 60_000);

  it("finds nothing wrong with the shipped state machine in ten seeds", async () => {
    const seeds = Array.from({ length: 10 }, (_, i) => i + 1);
    const { failures, answered } = await runSeeds(seeds, { workload: counterMachineWorkload });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(100);
  }, 60_000);

  it("finds nothing wrong with exactlyOnce in twenty seeds, in which commands are forgotten", async () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    let forgotten = 0;
    const workload: SimWorkload = {
      ...exactlyOnceWorkload,
      isForgotten: (answer) => {
        const isForgotten = exactlyOnceWorkload.isForgotten!(answer);
        if (isForgotten) forgotten += 1;
        return isForgotten;
      },
    };
    const { failures, answered, coverage } = await runSeeds(seeds, { workload });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(500);
    expect(forgotten).toBeGreaterThan(50);
    expect(coverage.keyHitAfterLeaderChange).toBeGreaterThan(0);
    expect(coverage.keyHitAfterSnapshot).toBeGreaterThan(0);
  }, 60_000);

  it("gives the same hash asynchronously", async () => {
    expect((await runSeedAsync(5)).traceHash).toBe(runSeed(5).traceHash);
  });
});

describe("a simulation of something broken", () => {
  it("reports a core that throws, with the seed that shows it again", () => {
    const factory = tampered((core) => {
      let ticks = 0;
      return wrap(core, {
        step: (input) => {
          ticks += input.type === "tick" ? 1 : 0;
          if (ticks === 30) throw new Error("out of order");
          core.step(input);
        },
      });
    });
    const { ok, violation, seed } = runSeed(8, { factory });
    expect({ ok, seed }).toEqual({ ok: false, seed: 8 });
    expect(violation).toMatchObject({ invariant: "core-exception" });
    expect(violation?.detail).toContain("out of order");
  });

  it("notices a cluster that never elects anybody", () => {
    const factory = tampered((core) =>
      wrap(core, {
        step: (input) => {
          if (input.type !== "tick" && input.type !== "campaign") core.step(input);
        },
      }),
    );
    expect(runSeed(1, { factory }).violation?.invariant).toBe("liveness");
  });

  it("notices a state machine that forgets its keys in a snapshot", async () => {
    const forgetful: SimWorkload = {
      ...counterWorkload,
      createMachine: (): SimStateMachine => {
        const machine = counterWorkload.createMachine();
        return {
          apply: (command, index) => machine.apply(command, index),
          query: (question) => machine.query(question),
          snapshot: () => machine.snapshot(),
          restore: (bytes) => {
            const text = new TextDecoder().decode(bytes);
            const [values] = JSON.parse(text) as [unknown];
            return machine.restore(new TextEncoder().encode(JSON.stringify([values, []])));
          },
        };
      },
    };
    const seeds = Array.from({ length: 200 }, (_, i) => i + 1);
    const found = await runSeeds(seeds, { workload: forgetful }, ({ ok }) => ok);
    expect(found.failures).toHaveLength(1);
    expect(["equal-state", "key-once"]).toContain(found.failures[0]!.violation!.invariant);
  }, 60_000);

  it("notices a machine that depends on something else than its commands", () => {
    let made = 0;
    const odd: SimWorkload = {
      ...counterWorkload,
      createMachine: (): SimStateMachine => {
        made += 1;
        const tag = new Uint8Array([made]);
        const machine = counterWorkload.createMachine();
        return {
          apply: () => tag,
          query: (question) => machine.query(question),
          snapshot: () => machine.snapshot(),
          restore: (bytes) => machine.restore(bytes),
        };
      },
    };
    expect(runSeed(4, { workload: odd }).violation?.invariant).toBe("equal-state");
  });

  it("makes a failing run smaller and says how to see it again", async () => {
    const factory = tampered((core) =>
      wrap(core, {
        ready: () => {
          const ready = core.ready();
          return { ...ready, committed: ready.committed.slice(1) };
        },
      }),
    );
    const shrunk = await shrink(6, { factory });
    expect(shrunk.result.violation?.invariant).toBe("state-machine-safety");
    expect(shrunk.without.length).toBeGreaterThan(0);
    expect(replayCommand(shrunk)).toMatch(/^npm run sim -- --seed 6 --without \S+ --ticks \d+$/);
    const setting = { workload: "counter", flaw: "splits-writes" } as const;
    expect(replayCommand(shrunk, setting)).toContain("--workload counter --flaw splits-writes ");
    const { without, ticks } = shrunk;
    expect(runSeed(6, { factory, without, ticks: ticks! }).ok).toBe(false);
  });

  it("refuses to run an asynchronous machine synchronously", () => {
    const options = { workload: counterMachineWorkload };
    const isRefused = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].some((seed) => {
      try {
        runSeed(seed, options);
        return false;
      } catch (error) {
        return error instanceof TypeError;
      }
    });
    expect(isRefused).toBe(true);
  });
});
