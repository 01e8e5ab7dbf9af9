/**
 * Snapshots for peers that are too far behind.
 *
 * T1  A snapshot is the state of one moment: it holds nothing beyond its heads. What somebody shows
 *     beyond its heads could be lost with whoever wrote it, or be written once more.
 * T2  It has effect as a whole: the receiver keeps the pieces until the last one is here, stores them
 *     in one write, and takes them in when that is durable. The beginning of such a write that a
 *     crash left over is passed over at the next start.
 */
import { checkPiece, piecesOf } from "../data/pieces.ts";
import type { Reply } from "../messages.ts";
import type { EventualState, Peer, TransferIn } from "./state.ts";
import { answer, ask } from "./state.ts";
import { stage } from "./receiving.ts";
import { lastStagedWrite, startSync } from "./syncing.ts";

/** A transfer that nobody asked for so long is forgotten, in exchanges that may time out. */
const patienceExchanges = 4;

/** Most bytes of a snapshot that is coming in. */
export const snapshotMaxBytes: number = 256 << 20;

/** We lack what this peer does not keep as records. One transfer at a time. */
export function startTransfer(s: EventualState, peer: Peer): void {
  if (s.transferIn !== null) return; // this sync is repeated by itself
  const transfer: TransferIn = {
    peer: peer.address,
    transfer: 0,
    pieces: [],
    bytes: 0,
    described: new Set(),
    exchange: null,
    awaiting: null,
  };
  s.transferIn = transfer;
  s.notes.push({ type: "snapshot", peer: peer.address, direction: "in", what: "begun" });
  askForPiece(s, transfer);
}

function askForPiece(s: EventualState, wanted: TransferIn): void {
  const { transfer, pieces } = wanted;
  wanted.exchange = ask(s, wanted.peer, { type: "fetch", transfer, piece: pieces.length });
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
    out = { id: exchange, node, pieces: [...piecesOf(s.replica)], touchedTick: s.tick }; // T1
    s.transfersOut.set(out.id, out);
  }
  const bytes = out?.node === node ? (out.pieces[piece] ?? null) : null;
  if (out === undefined || bytes === null) return answer(s, exchange, nothing);
  out.touchedTick = s.tick;
  const last = piece === out.pieces.length - 1;
  answer(s, exchange, { type: "piece", transfer: out.id, piece, bytes, last });
}

export function onPiece(
  s: EventualState,
  peer: Peer,
  reply: Extract<Reply, { type: "piece" }>,
): void {
  const transfer = s.transferIn;
  if (transfer?.peer !== peer.address) return;
  transfer.exchange = null;
  const { bytes, piece } = reply;
  if (bytes === null || piece !== transfer.pieces.length || !fits(s, transfer, reply.last, bytes)) {
    return giveUpTransfer(s);
  }
  transfer.transfer = reply.transfer;
  transfer.pieces.push(bytes);
  transfer.bytes += bytes.length;
  if (!reply.last) return askForPiece(s, transfer);
  for (const each of transfer.pieces) stage(s, { kind: "piece", bytes: each }); // T2
  transfer.awaiting = lastStagedWrite(s);
}

function fits(s: EventualState, transfer: TransferIn, last: boolean, bytes: Uint8Array): boolean {
  const checked = checkPiece(bytes);
  if (checked === null || transfer.bytes + bytes.length > snapshotMaxBytes) return false;
  const { described } = transfer;
  if (last !== (checked.kind === "last")) return false;
  if (last) return checked.writers.every((w) => described.has(w) || s.replica.writers.has(w));
  for (const writer of checked.writers) described.add(writer);
  return true;
}

/** The write that holds all pieces is on the disk. */
export function onPiecePersisted(s: EventualState, write: number): void {
  const transfer = s.transferIn;
  if (transfer?.awaiting !== write) return;
  s.transferIn = null;
  s.notes.push({ type: "snapshot", peer: transfer.peer, direction: "in", what: "ended" });
  const peer = s.peers.get(transfer.peer);
  if (peer !== undefined) startSync(s, peer); // what was written since it began
}

export function giveUpTransfer(s: EventualState): void {
  if (s.transferIn === null) return;
  s.notes.push({ type: "snapshot", peer: s.transferIn.peer, direction: "in", what: "given up" });
  s.transferIn = null;
}

export function tickTransfers(s: EventualState): void {
  const patience = patienceExchanges * s.options.timing.exchangeTicks;
  for (const [id, { touchedTick }] of s.transfersOut) {
    if (s.tick - touchedTick > patience) s.transfersOut.delete(id);
  }
}
