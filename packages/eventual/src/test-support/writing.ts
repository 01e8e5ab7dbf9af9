/** Writers that write to replicas, without a core: each test says what is known where, and when. */
import { applyRecord } from "../data/applying.ts";
import type { Applied } from "../data/applying.ts";
import { chainHash } from "../data/chain.ts";
import { decodeRecord, encodeRecord } from "../data/record-codec.ts";
import type { Replica } from "../data/replica.ts";
import { headOf } from "../data/replica.ts";
import type { ChainHash, Control, Position, RecordBody, WriterId } from "../types.ts";

export interface WrittenRecord {
  readonly writer: WriterId;
  readonly position: Position;
  readonly hash: ChainHash;
  readonly bytes: Uint8Array;
  readonly body: RecordBody;
}

/** All records that there are, of every writer in order. */
export class Library {
  readonly #records = new Map<WriterId, WrittenRecord[]>();

  writers(): WriterId[] {
    return [...this.#records.keys()];
  }

  of(writer: WriterId): readonly WrittenRecord[] {
    return this.#records.get(writer) ?? [];
  }

  /** Writes the next record of a writer, and applies it at its own node. */
  write(r: Replica, writer: WriterId, parts: Partial<RecordBody>): Applied {
    const log = this.#records.get(writer) ?? [];
    this.#records.set(writer, log);
    const body = { hlc: r.hlc + 1, controls: [], plain: [], keyed: [], ...parts };
    const bytes = encodeRecord(body);
    const hash = chainHash(log.at(-1)?.hash ?? 0, bytes);
    log.push({ writer, position: log.length + 1, hash, bytes, body: decodeRecord(bytes) });
    return this.apply(r, writer, log.length);
  }

  /** Applies what a replica lacks of a writer, up to a position. */
  apply(r: Replica, writer: WriterId, upTo: Position = Infinity): Applied {
    const conflicts: Applied["conflicts"][number][] = [];
    let membersChanged = false;
    const { position } = headOf(r, writer);
    for (const record of this.of(writer).slice(position, Math.max(position, upTo))) {
      const applied = applyRecord(r, record, record.body);
      conflicts.push(...applied.conflicts);
      membersChanged ||= applied.membersChanged;
    }
    return { conflicts, membersChanged };
  }

  /** Applies everything that `from` has and `to` lacks. */
  sync(from: Replica, to: Replica): void {
    for (const [writer, { position }] of from.writers) this.apply(to, writer, position);
  }
}

/** A writer id that is easy to tell apart: `a` → `aaaa…`. */
export function writerId(digit: string): WriterId {
  return digit.repeat(24);
}

/** A node id that is easy to tell apart. */
export function nodeId(digit: string): string {
  return digit.repeat(32);
}

/** The first control of a writer of a node. */
export function born(digit: string, boot: number = 1): Control {
  return { kind: "born", node: nodeId(digit), boot };
}

/** Says that a node is a member, reached at an address that is its digit. */
export function member(
  digit: string,
  status: "joining" | "up" | "leaving" | "removed" = "up",
  version: number = 1,
): Control {
  const address = `host-${digit}:1`;
  return { kind: "member", member: { id: nodeId(digit), address, label: digit, status, version } };
}
