/** The journal: what it means, and what stands for all of it. */
import { chainHash } from "../data/chain.ts";
import { invariant } from "../data/errors.ts";
import { piecesOf } from "../data/pieces.ts";
import { decodeRecord } from "../data/record-codec.ts";
import { headOf } from "../data/replica.ts";
import { applyChained, applyPiece, capLogs } from "./applying.ts";
import { decodeEntry, encodeEntry } from "./journal-entry.ts";
import { mergeNext, putAside } from "./staging.ts";
import type { EventualState } from "./state.ts";

/** @throws MalformedError - it is no entry, or does not follow those before it */
export function loadEntry(s: EventualState, bytes: Uint8Array): void {
  const entry = decodeEntry(bytes);
  switch (entry.kind) {
    case "record": {
      const { writer, position } = entry;
      const before = headOf(s.replica, writer);
      if (position <= before.position) return; // a checkpoint overtook it
      invariant(position === before.position + 1, "the journal holds every record of a writer");
      const head = { writer, position, hash: chainHash(before.hash, entry.bytes) };
      applyChained(s, head, { bytes: entry.bytes, body: decodeRecord(entry.bytes) });
      break;
    }
    case "piece":
      applyPiece(s, entry.bytes);
      break;
    case "staged":
      putAside(s, entry);
      break;
    case "merged":
      mergeNext(s, entry);
      break;
    case "boot":
      s.boot = entry.boot;
      break;
    case "cluster":
      s.cluster = { id: entry.id, provisional: entry.provisional, placed: entry.placed };
      break;
  }
  capLogs(s);
}

/** Entries that stand for everything on the disk, taken while the state goes on changing. */
export function* checkpointOf(s: EventualState): Generator<Uint8Array> {
  yield encodeEntry({ kind: "boot", boot: s.boot });
  yield encodeEntry({ kind: "cluster", ...s.cluster });
  const { staging } = s;
  const parts = [...(staging?.parts ?? [])];
  for (const bytes of piecesOf(s.replica)) yield encodeEntry({ kind: "piece", bytes });
  for (const [part, bytes] of parts.entries()) {
    yield encodeEntry({ kind: "staged", snapshot: staging!.snapshot, part, bytes });
  }
}
