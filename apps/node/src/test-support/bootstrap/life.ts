/** A whole life of candidates: faults, then a calm in which they must become one cluster. */
import { coordinatorOf } from "../../bootstrap/rules.ts";
import { Violation } from "./truth.ts";
import type { Flaw } from "./flaw.ts";
import { calmAtMs, World } from "./world.ts";

const endAtMs = 40_000;

export interface Outcome {
  /** What must never happen, and did; `null`: nothing. */
  readonly violation: string | null;
  readonly clusters: number;
  readonly decisions: number;
  /** For the lines of a test that fails. */
  readonly trace: readonly string[];
  readonly crashes: number;
  readonly released: number;
}

/** @param flaw - looked for in worlds that are small and dim: there, rules are needed more often */
export function runCandidates(seed: number, flaw: Flaw | null = null): Outcome {
  const world = new World(seed, flaw);
  let violation: string | null = null;
  try {
    live(world);
    judge(world);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  const { trace, crashes, released, truth } = world;
  const clusters = clustersOf(world).size;
  return { violation, clusters, decisions: truth.decisions, trace, crashes, released };
}

function live(world: World): void {
  const { time, places } = world;
  for (const place of places) time.after(time.below(3000), () => world.start(place));
  // Nothing breaks from now on, and everybody comes back.
  time.at(calmAtMs, () => {
    for (const place of places) time.after(time.below(1000), () => world.start(place));
  });
  time.at(calmAtMs + 15_000, () => clearAway(world));
  while (time.advance(endAtMs)) {
    if (!world.faults && places.every(({ disk }) => disk.clusterId !== null)) break;
  }
}

/** What a person does who reads what such a node waits for. */
function clearAway(world: World): void {
  const { places, time } = world;
  for (const place of places) {
    const { process, disk } = place;
    if (process === null || disk.pledge === null || process.core.state.begun !== null) continue;
    const { directoryId } = coordinatorOf(disk.pledge);
    if (places.some((other) => other.disk.directoryId === directoryId)) continue;
    if (!process.core.waiting(time.now).includes("lost for good")) {
      throw new Violation("nobody says what to do about a coordinator that is gone");
    }
    world.startAnew(place);
  }
}

function clustersOf({ places }: World): Set<string> {
  return new Set(places.flatMap(({ disk }) => disk.clusterId ?? []));
}

function judge(world: World): void {
  const { places, time, directories } = world;
  const { expects, nodes } = world.knobs;
  const clusters = clustersOf(world);
  const expect = expects[1]!;
  const mixed = new Set(expects).size > 1;
  // Two groups that never saw each other may each be enough: then nobody can know.
  if (clusters.size > 1 && expect * 2 > directories) {
    throw new Violation(`there are ${clusters.size} clusters`);
  }
  if (mixed || clusters.size > 1 || nodes < expect) return;
  for (const place of places) {
    if (place.disk.clusterId !== null) continue;
    const waits = place.process?.core.waiting(time.now);
    throw new Violation(`${place.address} has not begun: ${waits ?? "not started"}`);
  }
}
