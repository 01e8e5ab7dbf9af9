/** Names that no sync of the directory has made durable: a crash may lose them with their files. */
import type { DiskImage, DiskOperation } from "./disk-image.ts";
import type { Random } from "./random.ts";

/** Most names that are remembered: older ones have reached the disk by themselves. */
export const unsyncedNamesMax: number = 4;

interface UnsyncedName {
  readonly kind: "segment" | "snapshot";
  /** The disk before the name was made. */
  readonly before: DiskImage;
}

export class NameLosses {
  readonly #random: Random;
  #unsynced: UnsyncedName[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** An operation made a name, and nobody synced the directory. */
  onSkipped(operation: DiskOperation, before: DiskImage): void {
    const isSnapshot = operation.type === "saveSnapshot" || isLastChunk(operation);
    this.#unsynced.push({ kind: isSnapshot ? "snapshot" : "segment", before });
    if (this.#unsynced.length > unsyncedNamesMax) this.#unsynced.shift();
  }

  /** The power fails: each name is there or not. */
  lose(image: DiskImage): void {
    const lost = this.#unsynced.filter(() => this.#random.chance(0.5));
    this.#unsynced = [];
    const segment = lost.find(({ kind }) => kind === "segment");
    if (segment !== undefined) {
      // Everything from that segment on is out of reach.
      image.hardState = segment.before.hardState;
      image.log = segment.before.log;
      image.partial = segment.before.partial;
    }
    const snapshot = lost.find(({ kind }) => kind === "snapshot");
    if (snapshot !== undefined) image.snapshot = snapshot.before.snapshot;
  }
}

function isLastChunk(operation: DiskOperation): boolean {
  return operation.type === "write" && operation.write.chunk?.done === true;
}
