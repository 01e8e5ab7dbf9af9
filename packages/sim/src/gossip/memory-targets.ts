/** G10: what a table of members weighs, and that forged names do not make it heavier. */
import { GossipCore, defaultLimits, defaultVersions, lanTiming } from "@counter/gossip";
import type { Alive, GossipOptions } from "@counter/gossip";
import type { TargetRow } from "./measuring.ts";
import { addressOf, nameOf } from "./world.ts";

/** The bytes of the heap that are in use, after the garbage was collected. */
export type HeapBytes = () => number;

const meta = new Uint8Array(0);

function loneCore(): GossipCore {
  const options: GossipOptions = {
    ...{ name: "self", address: addressOf(0xff_ffff), meta, versions: defaultVersions },
    ...{ incarnation: 1, seed: 10, timing: lanTiming, limits: defaultLimits },
  };
  return new GossipCore(options, 0);
}

/** As a decoder makes it: nothing in it is shared with another message. */
function aliveOf(index: number): Alive {
  return {
    ...{ type: "alive", incarnation: 1, node: nameOf(index), address: addressOf(index) },
    ...{ meta: new Uint8Array(0), versions: { ...defaultVersions } },
  };
}

/**
 * Tells a core of members, a packet's worth at a time.
 *
 * @param source - the index of the one who tells of all of them; each of the first if it is left out
 */
function feed(core: GossipCore, first: number, count: number, source?: number): void {
  const perPacket = 10;
  for (let index = first; index < first + count; index += perPacket) {
    const messages: Alive[] = [];
    for (let i = index; i < Math.min(index + perPacket, first + count); i += 1) {
      messages.push(aliveOf(i));
    }
    core.step({ type: "packet", from: addressOf(source ?? index), messages }, 0);
  }
}

export function memoryTargets(
  sizes: { readonly members: number; readonly forged: number },
  heapBytes: HeapBytes,
): TargetRow[] {
  const before = heapBytes();
  const core = loneCore();
  feed(core, 0, sizes.members);
  const megabytes = (heapBytes() - before) / 2 ** 20;
  feed(core, sizes.members, sizes.forged);
  const { live } = core.status();
  const after = (heapBytes() - before) / 2 ** 20;
  const other = loneCore();
  feed(other, 0, sizes.forged, 0);
  const ofOne = other.status().live - 1;
  return [
    {
      ...{ id: "G10", what: `${sizes.members} members weigh, with a rumour of each` },
      ...{ target: "≤ 15 MB", measured: `${megabytes.toFixed(1)} MB`, ok: megabytes <= 15 },
    },
    {
      ...{ id: "G10", what: `after ${sizes.forged} forged names: members, weight` },
      target: `≤ ${defaultLimits.membersMax}, ≤ 25 MB`,
      measured: `${live}, ${after.toFixed(1)} MB`,
      ok: live <= defaultLimits.membersMax && after <= 25,
    },
    {
      ...{ id: "G10", what: `after ${sizes.forged} forged names of one source: members` },
      ...{ target: `≤ ${defaultLimits.membersPerSourceMax}`, measured: `${ofOne}` },
      ok: ofOne <= defaultLimits.membersPerSourceMax,
    },
  ];
}
