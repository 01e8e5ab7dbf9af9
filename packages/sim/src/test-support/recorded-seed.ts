/** Simulated runs with a flight recorder on every core. */
import { FlightRecorder, RaftCore } from "@counter/raft";
import type { RaftCoreFactory } from "@counter/raft";
import { runSeed } from "../simulation.ts";

/** The recordings of all processes that took in more than so many inputs, at that moment. */
export function recordedSeed(
  seed: number,
  of: { readonly everyInputs: number; readonly inputs: number },
): string[][] {
  const recordings: string[][] = [];
  const factory: RaftCoreFactory = (options, persisted) => {
    const core = new RaftCore(options, persisted);
    const recorder = new FlightRecorder({ release: "simulated", everyInputs: of.everyInputs });
    recorder.onStart({ options, image: () => core.image() });
    let count = 0;
    return {
      step: (input) => {
        count += 1;
        if (count === of.inputs + 1) recordings.push([...recorder.recording()]);
        recorder.onInput(input);
        core.step(input);
      },
      ready: () => {
        const ready = core.ready();
        recorder.onReady(ready);
        return ready;
      },
      hasReady: () => core.hasReady(),
      status: () => core.status(),
      snapshotMeta: () => core.snapshotMeta(),
    };
  };
  runSeed(seed, { factory });
  return recordings;
}
