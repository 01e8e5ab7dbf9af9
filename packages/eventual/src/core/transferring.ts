/**
 * Snapshots for peers that are too far behind: a row of pieces that are made while everything goes
 * on, and taken in one by one. A piece is merged when it is on the disk; the last one moves the
 * heads. A transfer that breaks off has done no harm, and the next one repeats it.
 */
import { isPiece, piecesOf } from "../data/pieces.ts";
import type { Reply } from "../messages.ts";
import type { EventualState, Peer, TransferIn } from "./state.ts";
import { answer, ask } from "./state.ts";
import { stage } from "./receiving.ts";
import { lastStagedWrite, startSync } from "./syncing.ts";

/** A transfer that nobody asked for so long is forgotten, in exchanges that may time out. */
const patienceExchanges = 4;

/** We lack what this peer does not keep as records. One transfer at a time. */
export function startTransfer(s: EventualState, peer: Peer): void {
  if (s.transferIn !== null) return; // this sync is repeated by itself
  const transfer: TransferIn = {
    peer: peer.address,
    transfer: 0,
    piece: 0,
    exchange: null,
    awaiting: null,
    isLast: false,
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
    const pieces = piecesOf(s.replica);
    const first = pieces.next();
    const ahead = first.done === true ? null : first.value;
    const id = exchange;
    out = { id, node, pieces, ahead, number: -1, current: null, touchedTick: s.tick };
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
  if (reply.bytes === null || reply.piece !== transfer.piece || !isPiece(s.replica, reply.bytes)) {
    return giveUpTransfer(s);
  }
  transfer.transfer = reply.transfer;
  transfer.isLast = reply.last;
  stage(s, { kind: "piece", bytes: reply.bytes });
  transfer.awaiting = lastStagedWrite(s);
}

/** The write that holds the piece is on the disk. */
export function onPiecePersisted(s: EventualState, write: number): void {
  const transfer = s.transferIn;
  if (transfer?.awaiting !== write) return;
  transfer.awaiting = null;
  transfer.piece += 1;
  if (!transfer.isLast) return askForPiece(s, transfer);
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
