/**
 * A snapshot of a peer that comes in, part by part.
 *
 * S1  Parts are put aside, on the disk, until all are there: pieces are ahead of their heads, and if
 *     the records up to there never came, this node would differ from others with an equal vector
 *     for ever.
 * S2  Then they are merged one after the other, a write each, so that nobody waits for all of them.
 *     They are kept until the last one is: merging some of them twice changes nothing.
 * S3  Whoever is in the middle of that gives no snapshot to others.
 */
import { chainHash } from "../data/chain.ts";
import { headsIn } from "../data/pieces.ts";
import { decodeRecord } from "../data/record-codec.ts";
import { applyChained, applyPiece } from "./applying.ts";
import { decodePart } from "./snapshot-part.ts";
import type { EventualState, Incoming } from "./state.ts";

/** A part is on the disk. */
export function putAside(
  s: EventualState,
  { snapshot, part, bytes }: Extract<Incoming, { kind: "staged" }>,
): void {
  if (part === 0 && s.staging?.snapshot !== snapshot) {
    s.staging = { snapshot, parts: [], order: null, ahead: [], merged: 0 };
  }
  const { staging } = s;
  // What a checkpoint holds already may follow it once more.
  if (staging?.snapshot !== snapshot || part !== staging.parts.length) return;
  staging.parts.push(bytes);
  const decoded = decodePart(bytes);
  const heads = decoded.kind === "piece" ? headsIn(decoded.bytes) : null;
  if (heads === null) return;
  staging.order = orderOf(staging.parts);
  staging.ahead = heads.ahead;
}

function orderOf(parts: readonly Uint8Array[]): number[] {
  const places = parts.map((_, place) => place);
  const isRecords = (place: number): boolean => decodePart(parts[place]!).kind === "records";
  return [...places.filter((place) => !isRecords(place)), ...places.filter(isRecords)];
}

/** The next part to merge; `null` if nothing is complete. */
export function nextToMerge(s: EventualState): Extract<Incoming, { kind: "merged" }> | null {
  const { staging } = s;
  if (staging?.order == null) return null;
  return { kind: "merged", snapshot: staging.snapshot, place: staging.merged };
}

/** That a part is to be merged is on the disk: it is. Ends the staging with the last one. */
export function mergeNext(
  s: EventualState,
  { snapshot, place }: Extract<Incoming, { kind: "merged" }>,
): void {
  const { staging } = s;
  if (staging?.snapshot !== snapshot || staging.order === null || place !== staging.merged) return;
  mergePart(s, staging.parts[staging.order[place]!]!);
  staging.merged += 1;
  if (staging.merged === staging.order.length) s.staging = null;
}

function mergePart(s: EventualState, bytes: Uint8Array): void {
  const part = decodePart(bytes);
  if (part.kind === "piece") return applyPiece(s, part.bytes);
  const { writer, from, previous, records } = part.range;
  let hash = previous;
  for (const [at, record] of records.entries()) {
    hash = chainHash(hash, record);
    applyChained(
      s,
      { writer, position: from + at, hash },
      { bytes: record, body: decodeRecord(record) },
    );
  }
}

/** Everything was loaded: what is not complete never will be. */
export function dropIncomplete(s: EventualState): void {
  if (s.staging?.order === null) s.staging = null;
}
