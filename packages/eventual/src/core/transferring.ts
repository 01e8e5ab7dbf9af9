/**
 * Snapshots for peers that are too far behind: a row of parts that are made while everything goes
 * on, and asked for one by one. `staging.ts` says what becomes of them. A transfer that breaks off
 * has done no harm, and the next one begins anew.
 */
import { MalformedError } from "../data/errors.ts";
import { factsOf } from "../data/pieces.ts";
import type { Reply } from "../messages.ts";
import type { Peer } from "./peer-state.ts";
import type { EventualState } from "./state.ts";
import type { TransferIn } from "./transfer-state.ts";
import { answer, ask } from "./state.ts";
import { uint32 } from "./random.ts";
import { decoded, stage } from "./receiving.ts";
import { decodePart, emptyTail, leadTo, snapshotOf } from "./snapshot-part.ts";
import { lastStagedWrite, startSync } from "./begin-sync.ts";

/** A transfer that nobody asked for so long is forgotten, in exchanges that may time out. */
const patienceExchanges = 4;

/** We lack what this peer does not keep as records. One transfer at a time. */
export function startTransfer(s: EventualState, peer: Peer): void {
  if (s.transferIn !== null || s.staging?.order != null) return; // this sync is repeated by itself
  const transfer: TransferIn = {
    peer: peer.address,
    snapshot: uint32(s.random),
    transfer: 0,
    piece: 0,
    exchange: null,
    awaiting: null,
    isLast: false,
    bytes: 0,
    writers: new Set(s.replica.writers.keys()),
    ranges: [],
  };
  s.transferIn = transfer;
  s.notes.push({ type: "snapshot", peer: peer.address, direction: "in", what: "begun" });
  askForPiece(s, transfer);
}

function askForPiece(s: EventualState, wanted: TransferIn): void {
  const { transfer, piece } = wanted;
  wanted.exchange = ask(s, wanted.peer, { type: "fetch", transfer, piece });
}

export function onFetch(
  s: EventualState,
  exchange: number,
  request: { readonly node: string; readonly transfer: number; readonly piece: number },
): void {
  const { node, piece } = request;
  const nothing: Reply = {
    type: "piece",
    transfer: request.transfer,
    piece,
    bytes: null,
    last: false,
  };
  let out = s.transfersOut.get(request.transfer);
  if (request.transfer === 0) {
    for (const old of s.transfersOut.values()) if (old.node === node) s.transfersOut.delete(old.id);
    if (s.transfersOut.size >= s.options.limits.transfersMax) return answer(s, exchange, nothing);
    if (s.staging?.order != null) return answer(s, exchange, nothing); // S3
    const tail = emptyTail();
    const pieces = snapshotOf(s, tail);
    const first = pieces.next();
    const ahead = first.done === true ? null : first.value;
    const id = exchange;
    out = { id, node, pieces, tail, ahead, number: -1, current: null, touchedTick: s.tick };
    s.transfersOut.set(id, out);
  }
  if (out?.node !== node || (piece !== out.number && piece !== out.number + 1)) {
    return answer(s, exchange, nothing);
  }
  if (piece === out.number + 1) {
    out.current = out.ahead;
    const next = out.pieces.next();
    out.ahead = next.done === true ? null : next.value;
    out.number += 1;
  }
  out.touchedTick = s.tick;
  const last = out.ahead === null;
  answer(s, exchange, { type: "piece", transfer: out.id, piece, bytes: out.current, last });
}

export function onPiece(
  s: EventualState,
  peer: Peer,
  reply: Extract<Reply, { type: "piece" }>,
): void {
  const transfer = s.transferIn;
  if (transfer?.peer !== peer.address) return;
  transfer.exchange = null;
  if (reply.bytes === null || reply.piece !== transfer.piece || !accepts(s, transfer, reply)) {
    return giveUpTransfer(s);
  }
  transfer.transfer = reply.transfer;
  transfer.isLast = reply.last;
  const { snapshot, piece: part } = transfer;
  stage(s, { kind: "staged", snapshot, part, bytes: reply.bytes });
  transfer.awaiting = lastStagedWrite(s);
}

/** Whether a part makes sense after those before it, and is the last one if and only if it says so. */
function accepts(
  s: EventualState,
  transfer: TransferIn,
  { bytes, last }: Extract<Reply, { type: "piece" }>,
): boolean {
  transfer.bytes += bytes!.length;
  if (transfer.bytes > s.options.limits.snapshotMaxBytes) return false;
  try {
    const part = decodePart(bytes!);
    if (part.kind === "records") {
      const { from, records } = part.range;
      transfer.ranges.push(part.range);
      // What is stored must be applicable later.
      return !last && records.every((record, at) => decoded(record, from + at) !== null);
    }
    const { writers, heads } = factsOf(part.bytes);
    for (const writer of writers) transfer.writers.add(writer);
    if (heads === null) return !last;
    const areDescribed = heads.ahead.every(({ writer }) => transfer.writers.has(writer));
    return last && areDescribed && leadTo(transfer.ranges, heads);
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

/** The write that holds the piece is on the disk. */
export function onPiecePersisted(s: EventualState, write: number): void {
  const transfer = s.transferIn;
  if (transfer?.awaiting !== write) return;
  transfer.awaiting = null;
  transfer.piece += 1;
  if (!transfer.isLast) return askForPiece(s, transfer);
  s.transferIn = null;
  s.snapshotFrom = transfer.peer;
}

/** All parts are merged. */
export function onMerged(s: EventualState): void {
  const from = s.snapshotFrom;
  s.snapshotFrom = null;
  // What was written since it began; after a restart it is not known who gave it.
  for (const peer of s.peers.values()) {
    if (peer.up && (from === null || peer.address === from)) startSync(s, peer);
  }
  if (from !== null) s.notes.push({ type: "snapshot", peer: from, direction: "in", what: "ended" });
}

export function giveUpTransfer(s: EventualState): void {
  if (s.transferIn === null) return;
  s.notes.push({ type: "snapshot", peer: s.transferIn.peer, direction: "in", what: "given up" });
  if (s.staging?.order === null) s.staging = null;
  s.transferIn = null;
}

export function tickTransfers(s: EventualState): void {
  const patience = patienceExchanges * s.options.timing.exchangeTicks;
  for (const [id, { touchedTick }] of s.transfersOut) {
    if (s.tick - touchedTick > patience) s.transfersOut.delete(id);
  }
}
