/** Tells the truth what has become durable. */
import { decodeEntry } from "@counter/eventual";
import type { NodeId } from "@counter/eventual";
import type { Truth } from "./truth.ts";

export function storedRecords(truth: Truth, entries: readonly Uint8Array[], by: NodeId): void {
  for (const bytes of entries) {
    const entry = decodeEntry(bytes);
    if (entry.kind !== "record") continue;
    truth.onStored({ writer: entry.writer, position: entry.position }, entry.bytes, by);
  }
}
