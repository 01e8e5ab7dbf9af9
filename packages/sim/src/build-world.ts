/** Puts the parts of one run together: servers that are not started yet, on disks that agree. */
import { RaftCore, bootstrap, configurationOf, encodeConfiguration } from "@counter/raft";
import type { Member, PersistedState, RaftCoreFactory, RaftOptions } from "@counter/raft";
import { CornerWatch } from "./corner-watch.ts";
import { counterWorkload } from "./counter-workload.ts";
import { Coverage } from "./coverage.ts";
import { EventHeap, unitsPerTick } from "./event-heap.ts";
import type { HostFlaw } from "./host-flaws.ts";
import { Invariants } from "./invariants.ts";
import type { Knobs } from "./knobs.ts";
import type { SimWorkload } from "./machine.ts";
import { SimNetwork } from "./network.ts";
import type { Random } from "./random.ts";
import { SimServer } from "./server.ts";
import { Trace } from "./trace.ts";
import type { World } from "./world.ts";

export interface WorldParts {
  readonly knobs: Knobs;
  readonly random: Random;
  readonly factory?: RaftCoreFactory;
  readonly workload?: SimWorkload;
  readonly trace?: boolean;
  readonly flaw?: HostFlaw;
}

export interface BuiltWorld {
  readonly world: World;
  readonly servers: readonly SimServer[];
}

export function buildWorld(parts: WorldParts): BuiltWorld {
  const { knobs, random } = parts;
  const heap = new EventHeap();
  const trace = new Trace(parts.trace ?? false);
  const coverage = new Coverage();
  const servers: SimServer[] = [];
  const first = knobs.voters + knobs.learners;
  const ids = Array.from({ length: first + knobs.membership.spares }, (_, i) => `n${i + 1}`);
  const raft: RaftOptions = { ...knobs.raft, id: "", seed: 0 };
  const network = new SimNetwork({
    heap,
    random: random.fork("network"),
    servers: ids.length,
    weather: knobs.weather,
    deliver: ({ from, to }, message, sentAt) => {
      const age = heap.now - sentAt;
      if (age > 10 * knobs.raft.electionTimeoutTicks * unitsPerTick) coverage.hit("veryOldMessage");
      servers[to]!.receive(message, servers[from]!);
    },
    onUnreachable: ({ from, to }) => {
      if (!random.chance(knobs.faults.reportUnreachable)) return;
      // The transport notices later, never while the core is sending.
      heap.after(1, () => servers[from]!.nudge({ type: "unreachable", peer: ids[to]! }));
    },
  });
  const initial = firstState(ids.slice(0, first), knobs.voters);
  const history: World["history"] = [];
  const factory = parts.factory ?? ((o, persisted) => new RaftCore(o, persisted));
  const workload = parts.workload ?? counterWorkload;
  const invariants = new Invariants({ views: servers, raft, coverage, workload });
  const world: World = {
    ...{ heap, trace, coverage, network, knobs, raft, factory, initial, workload, history },
    flaw: parts.flaw ?? null,
    isHealed: false,
    awaited: null,
    onElected: () => undefined,
    invariants,
    corners: new CornerWatch({ coverage, network, servers }),
  };
  ids.forEach((id, position) => {
    const found = position < first ? initial : emptyState;
    servers.push(new SimServer({ world, id, position, initial: found, random: random.fork(id) }));
  });
  invariants.begin();
  return { world, servers };
}

/** What the disk of a server holds that may be added later. */
const emptyState: PersistedState = {
  hardState: { term: 0, vote: null, commitIndex: 0 },
  snapshot: null,
  entries: [],
};

/** What every member's disk holds at first. Learners are members of the first configuration, too. */
function firstState(ids: readonly string[], voters: number): PersistedState {
  const members: Member[] = ids.map((id) => ({ id, address: `${id}:1` }));
  const state = bootstrap(members);
  if (voters === ids.length) return state;
  const all = configurationOf(members);
  const learners = all.voters.filter((id) => !ids.slice(0, voters).includes(id));
  const configuration = {
    ...all,
    voters: all.voters.filter((id) => !learners.includes(id)),
    learners,
  };
  const first = { ...state.entries[0]!, data: encodeConfiguration(configuration) };
  return { ...state, entries: [first] };
}
