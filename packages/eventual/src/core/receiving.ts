/**
 * Records from others: what is new of them is checked, chained and put into the next write.
 *
 * R1  Only the next records of a writer are taken; those known already are dropped, a gap ends it.
 * R2  What is taken continues our chain of that writer; another chain is a fork, and nothing of it
 *     is applied.
 * R3  Nobody but this process extends the writer that it writes under.
 * R4  Of a sealed writer nothing beyond the seal is taken from its own node: it may be a message that
 *     was on its way for long, of a process that is dead. Who else has more has not confirmed the
 *     seal, and until all have, it is not final (`data/rounds.ts`).
 */
import { chainHash } from "../data/chain.ts";
import { checkRecord } from "../data/applying.ts";
import { MalformedError } from "../data/errors.ts";
import { decodeRecord } from "../data/record-codec.ts";
import { headOf } from "../data/replica.ts";
import type { RefusedWhy } from "../messages.ts";
import type { NodeId, Position, RecordBody, RecordRange, WriterId } from "../types.ts";
import { encodeEntry } from "./journal-entry.ts";
import type { EventualState, Incoming } from "./state.ts";
import { stagedHead } from "./state.ts";

/** @returns why nothing was taken; `null` if all that is new and follows was taken, be it nothing */
export function takeRange(
  s: EventualState,
  range: RecordRange,
  giver: NodeId | null,
): RefusedWhy | null {
  const { writer, from, records } = range;
  const head = stagedHead(s, writer);
  const last = from + records.length - 1;
  if (from > head.position + 1) return null; // a gap: our heads in the answer tell of it
  let hash = range.previous;
  const chained: { bytes: Uint8Array; hash: number; body: RecordBody }[] = [];
  if (differs(s, range, from - 1, hash)) return { code: "fork", writer };
  for (const [at, bytes] of records.entries()) {
    hash = chainHash(hash, bytes);
    const position = from + at;
    if (position <= head.position) {
      if (differs(s, range, position, hash)) return { code: "fork", writer };
      continue;
    }
    if (isBeyondSeal(s, { writer, position, giver })) break;
    const body = decoded(bytes, position);
    if (body === null) {
      return { code: "invalid", problem: `record ${position} of ${writer}` };
    }
    chained.push({ bytes, hash, body });
  }
  if (last <= head.position || chained.length === 0) return null;
  if (s.phase.kind === "writing" && s.phase.writer === writer) return { code: "fork", writer };
  if (s.incomingBytes >= s.options.limits.pendingMaxBytes) return { code: "busy" };
  stage(s, { kind: "records", writer, from: head.position + 1, records: chained });
  return null;
}

/** Whether our chain has another hash there. Unknown (not kept any more) counts as the same. */
function differs(
  s: EventualState,
  { writer }: RecordRange,
  position: Position,
  hash: number,
): boolean {
  const staged = stagedHead(s, writer);
  if (position === staged.position) return staged.hash !== hash;
  const head = headOf(s.replica, writer);
  if (position === head.position) return head.hash !== hash;
  const known = s.logs.get(writer)?.hashAt(position) ?? null;
  return known !== null && known !== hash;
}

/** R4. */
function isBeyondSeal(
  s: EventualState,
  at: { readonly writer: WriterId; readonly position: Position; readonly giver: NodeId | null },
): boolean {
  const known = s.replica.writers.get(at.writer);
  if (known === undefined || known.sealedAt === null || known.owner !== at.giver) return false;
  return at.position > known.sealedAt;
}

/** `null` if it is no record for this place. */
export function decoded(bytes: Uint8Array, position: Position): RecordBody | null {
  try {
    const body = decodeRecord(bytes);
    checkRecord(position, body);
    return body;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

/** Puts something received into the next write. */
export function stage(s: EventualState, incoming: Incoming): void {
  s.incoming.push(incoming);
  s.incomingBytes += bytesOf(incoming);
  if (incoming.kind !== "records") return;
  const { writer, from, records } = incoming;
  const hash = records.at(-1)!.hash;
  s.staged.set(writer, { writer, position: from + records.length - 1, hash });
}

export function bytesOf(incoming: Incoming): number {
  if (incoming.kind === "merged") return 0;
  if (incoming.kind === "staged") return incoming.bytes.length;
  return incoming.records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** The journal entries of what was received, in the order in which it will be applied. */
export function entriesOf(incoming: Incoming): Uint8Array[] {
  if (incoming.kind !== "records") return [encodeEntry(incoming)];
  const { writer, from, records } = incoming;
  return records.map(({ bytes }, at) => {
    return encodeEntry({ kind: "record", writer, position: from + at, bytes });
  });
}
