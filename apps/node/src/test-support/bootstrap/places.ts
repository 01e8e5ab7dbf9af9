/** Where candidates run, and what gossip tells of them: late, in part, and wrongly now and then. */
import type { Candidacy } from "../../bootstrap/candidacy.ts";
import type { Leading } from "../../bootstrap/state.ts";
import type { Answer, DirectoryId, Proposal, Sighting } from "../../bootstrap/types.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** How long somebody who lives is held for lost. */
const blamedMs = 3000;

export interface Disk {
  directoryId: DirectoryId;
  pledge: Proposal | null;
  /** The cluster that this directory is of. */
  clusterId: string | null;
  /** Kept only by a flawed coordinator. */
  leading: Leading | null;
}

export interface Process {
  readonly core: Candidacy;
  readonly startedMs: number;
  /** From when on it sees the node at each place, and when it takes it for lost meanwhile. */
  readonly sees: readonly { readonly fromMs: number; readonly lostAtMs: number }[];
  /** Where the answers to its callers go. */
  readonly callers: Map<number, (answer: Answer) => void>;
  diskFreeAtMs: number;
}

export interface Place {
  readonly address: string;
  readonly expect: number;
  disk: Disk;
  process: Process | null;
  /** What gossip tells of it, oldest first; former directories at this address are in there, too. */
  readonly told: { readonly atMs: number; readonly sighting: Sighting }[];
}

/** @param number - another one for every disk */
export function emptyDisk(time: SimulatedTime, number: number): Disk {
  const directoryId = `${time.hex(8)}${number.toString(16).padStart(24, "0")}`;
  return { directoryId, pledge: null, clusterId: null, leading: null };
}

/** Gossip has something new to tell of the node at a place. */
export function tell(
  { told, disk, address, expect }: Place,
  atMs: number,
  standing: Sighting["standing"],
): void {
  const { directoryId, clusterId } = disk;
  const wanted = clusterId === null ? expect : null;
  told.push({ atMs, sighting: { directoryId, address, standing, expect: wanted, clusterId } });
}

export interface Looking {
  readonly place: Place;
  readonly process: Process;
  readonly now: number;
  /** Age of the newest news. */
  readonly lagMs: number;
  /** Whether somebody who lives may be held for lost. */
  readonly mayErr: boolean;
}

/** What gossip tells one process of all the others. */
export function viewOf(places: readonly Place[], looking: Looking): Sighting[] {
  const { place: own, process, now, lagMs, mayErr } = looking;
  const view = new Map<DirectoryId, Sighting>();
  places.forEach((place, at) => {
    const { fromMs, lostAtMs } = process.sees[at]!;
    if (place === own || now < fromMs) return;
    const blamed = mayErr && now >= lostAtMs && now < lostAtMs + blamedMs;
    for (const { atMs, sighting } of place.told) {
      if (atMs + lagMs > now) continue;
      const told: Sighting = blamed ? { ...sighting, standing: "lost" } : sighting;
      view.set(sighting.directoryId, told);
    }
  });
  return [...view.values()];
}
