/** One data directory for each member, for ever. */
import type { NodeId } from "@counter/raft";

import type { KnownDirectories } from "./options.ts";

interface Pinning {
  readonly directoryId: string;
  readonly done: Promise<void>;
}

/** Puts handshakes that meet a new member at the same time in order. */
export class Directories {
  readonly #known: KnownDirectories;
  /** Being written right now: the first handshake decides, the others wait for it. */
  readonly #pinning = new Map<NodeId, Pinning>();

  constructor(known: KnownDirectories) {
    this.#known = known;
  }

  /** What a member's directory must be, if it is known. */
  get(id: NodeId): string | null {
    return this.#pinning.get(id)?.directoryId ?? this.#known.get(id);
  }

  /**
   * Whether `directoryId` is the one of this member; a new member's is remembered first.
   * Rejects when it could not be stored.
   */
  async pin(id: NodeId, directoryId: string): Promise<boolean> {
    const expected = this.get(id);
    if (expected !== null && expected !== directoryId) return false;
    const underWay = this.#pinning.get(id);
    if (underWay !== undefined) await underWay.done;
    else if (expected === null) await this.#remember(id, directoryId);
    return true;
  }

  async #remember(id: NodeId, directoryId: string): Promise<void> {
    const done = this.#known.remember(id, directoryId);
    this.#pinning.set(id, { directoryId, done });
    try {
      await done;
    } finally {
      this.#pinning.delete(id);
    }
  }
}
