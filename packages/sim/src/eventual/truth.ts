/**
 * Every record that was ever on the disk of its writer, as the simulation alone can know it: the
 * reference for what nodes have, say and show.
 */
import { decodeRecord } from "@counter/eventual";
import type { NodeId, Position, RecordBody, WriterId } from "@counter/eventual";
import { must } from "./sentences.ts";

interface Known {
  readonly bytes: Uint8Array;
  readonly body: RecordBody;
}

export interface WriterTruth {
  readonly id: WriterId;
  readonly owner: NodeId;
  readonly boot: number;
  readonly records: Known[];
  /**
   * Records above this position went down with a disk, or stayed behind with a node that was removed:
   * nobody may have them any more, and nobody needs to.
   */
  losableFrom: Position | null;
}

export class Truth {
  readonly #writers = new Map<WriterId, WriterTruth>();

  get writers(): ReadonlyMap<WriterId, WriterTruth> {
    return this.#writers;
  }

  /** A record has become durable where it was written. */
  onStored(at: { writer: WriterId; position: Position }, bytes: Uint8Array, by: NodeId): void {
    const known = this.#writers.get(at.writer);
    if (known === undefined) {
      this.#onFirst(at, bytes, by);
      return;
    }
    const place = `${at.writer}@${at.position}`;
    const before = known.records[at.position - 1];
    if (before !== undefined) {
      must(isSame(before.bytes, bytes), "one-content", () => `${place} has two, ${by} stored one`);
      return;
    }
    must(known.owner === by, "durable-first", () => `${by} has ${place}, its writer has not`);
    must(at.position === known.records.length + 1, "one-content", () => {
      return `${place} was stored behind ${known.records.length}`;
    });
    known.records.push({ bytes, body: decodeRecord(bytes) });
  }

  bodyOf(writer: WriterId, position: Position): RecordBody | null {
    return this.#writers.get(writer)?.records[position - 1]?.body ?? null;
  }

  /** Whether these bytes are what the writer has on its disk at this position. */
  hasRecord(at: { writer: WriterId; position: Position }, bytes: Uint8Array): boolean {
    const known = this.#writers.get(at.writer)?.records[at.position - 1];
    return known !== undefined && isSame(known.bytes, bytes);
  }

  lastOf(writer: WriterId): Position {
    return this.#writers.get(writer)?.records.length ?? 0;
  }

  /** Records above this position are nowhere any more: others may be written in their places. */
  truncate(writer: WriterId, last: Position): void {
    const known = this.#writers.get(writer);
    if (known === undefined) return;
    known.records.length = Math.min(known.records.length, last);
    if (last === 0) this.#writers.delete(writer);
  }

  #onFirst(at: { writer: WriterId; position: Position }, bytes: Uint8Array, by: NodeId): void {
    const body = decodeRecord(bytes);
    const born = body.controls.find(({ kind }) => kind === "born");
    must(born?.kind === "born" && born.node === by && at.position === 1, "durable-first", () => {
      return `${by} has ${at.writer}@${at.position}, its writer has not`;
    });
    const { node: owner, boot } = born;
    const records = [{ bytes, body }];
    this.#writers.set(at.writer, { id: at.writer, owner, boot, records, losableFrom: null });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
