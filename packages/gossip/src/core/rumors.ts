/**
 * What is still to be told, and how often it was. Every rumour is sent a number of times that grows
 * with the logarithm of the cluster; those told least come first, in random order among them, so
 * that members who learned the same things at the same time do not all repeat the same few.
 *
 * The queue is bounded in bytes when something enters it, never later: a member that is alone, or
 * whose packets are lost, does not grow.
 */
import type { PacketMessage } from "../messages.ts";
import { invariant } from "./invariant.ts";
import type { RandomState } from "./random.ts";
import { nextRandom } from "./random.ts";
import { compoundPartBytes, messageBytes } from "./sizes.ts";

export interface Rumor {
  /** A newer rumour with the same key takes the place of this one; `null`: nothing does. */
  readonly key: string | null;
  readonly message: PacketMessage;
  readonly bytes: number;
  /** How often it was sent. */
  transmits: number;
  /** Its place among those that were sent as often. */
  slot: number;
}

export interface RumorQueue {
  readonly maxBytes: number;
  bytes: number;
  count: number;
  readonly byKey: Map<string, Rumor>;
  /** At `n`: those sent `n` times. */
  readonly tiers: Rumor[][];
}

/** Rumours that do not fit into what is left of a packet, looked at before it is closed. */
const misfitsMax = 8;

export function emptyQueue(maxBytes: number): RumorQueue {
  return { maxBytes, bytes: 0, count: 0, byKey: new Map(), tiers: [] };
}

/**
 * Adds a rumour in place of an older one with its key.
 *
 * @param evicts - whether the rumours told most often make room; if not, it may not be taken
 * @returns whether it was taken
 */
export function addRumor(
  q: RumorQueue,
  rumor: { readonly key: string | null; readonly message: PacketMessage },
  evicts: boolean,
): boolean {
  const bytes = messageBytes(rumor.message);
  const older = rumor.key === null ? undefined : q.byKey.get(rumor.key);
  const freed = older?.bytes ?? 0;
  if (bytes > q.maxBytes || (!evicts && q.bytes - freed + bytes > q.maxBytes)) return false;
  if (older !== undefined) removeRumor(q, older);
  while (q.bytes + bytes > q.maxBytes) removeRumor(q, mostTold(q));
  const added: Rumor = { ...rumor, bytes, transmits: 0, slot: 0 };
  insert(q, added);
  if (rumor.key !== null) q.byKey.set(rumor.key, added);
  q.bytes += bytes;
  q.count += 1;
  return true;
}

function insert(q: RumorQueue, rumor: Rumor): void {
  while (q.tiers.length <= rumor.transmits) q.tiers.push([]);
  rumor.slot = q.tiers[rumor.transmits]!.push(rumor) - 1;
}

function takeOut(q: RumorQueue, rumor: Rumor): void {
  const tier = q.tiers[rumor.transmits]!;
  invariant(tier[rumor.slot] === rumor, "a queued rumour is where it says it is");
  const last = tier.pop()!;
  if (last === rumor) return;
  tier[rumor.slot] = last;
  last.slot = rumor.slot;
}

function removeRumor(q: RumorQueue, rumor: Rumor): void {
  takeOut(q, rumor);
  if (rumor.key !== null && q.byKey.get(rumor.key) === rumor) q.byKey.delete(rumor.key);
  q.bytes -= rumor.bytes;
  q.count -= 1;
}

function mostTold(q: RumorQueue): Rumor {
  for (let told = q.tiers.length - 1; told >= 0; told -= 1) {
    const [first] = q.tiers[told]!;
    if (first !== undefined) return first;
  }
  invariant(false, "a queue without rumours has no bytes");
}

/** How often a rumour is sent among so many members. */
export function retransmitLimit(retransmitMult: number, members: number): number {
  return retransmitMult * Math.ceil(Math.log10(members + 1));
}

/**
 * Adds rumours to a packet, and counts them as sent once more.
 *
 * @param room - bytes that are free, how many messages a packet may have, and after how many times
 *   a rumour leaves the queue
 * @returns how many bytes it took
 */
export function takeRumors(
  s: RandomState,
  q: RumorQueue,
  room: { readonly bytes: number; readonly count: number; readonly limit: number },
  packet: PacketMessage[],
): number {
  const taken: Rumor[] = [];
  let free = room.bytes;
  for (const tier of q.tiers) {
    let misfits = 0;
    while (tier.length > 0 && misfits < misfitsMax && packet.length < room.count) {
      const rumor = tier[nextRandom(s, tier.length)]!;
      if (rumor.bytes + compoundPartBytes > free) {
        misfits += 1;
        continue;
      }
      takeOut(q, rumor);
      taken.push(rumor);
      packet.push(rumor.message);
      free -= rumor.bytes + compoundPartBytes;
    }
  }
  for (const rumor of taken) toldOnceMore(q, rumor, room.limit);
  return room.bytes - free;
}

/** It was taken out of its tier: it goes to the next, or is done with. */
function toldOnceMore(q: RumorQueue, rumor: Rumor, limit: number): void {
  rumor.transmits += 1;
  insert(q, rumor);
  if (rumor.transmits >= limit) removeRumor(q, rumor);
}
