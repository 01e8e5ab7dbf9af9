import { crc32, fnv1a } from "./checksum.ts";

/** Two sums of all parts of a restore, one after the other. It finds accidents, not attacks. */
export interface StageSums {
  readonly crc: number;
  readonly fnv: number;
}

export const noSums: StageSums = { crc: 0, fnv: 0x811c9dc5 };

export function withPart({ crc, fnv }: StageSums, data: Uint8Array): StageSums {
  return { crc: crc32(crc, data), fnv: fnv1a(fnv, data) };
}

/** Sixteen hexadecimal digits. */
export function textOf({ crc, fnv }: StageSums): string {
  return hex(crc) + hex(fnv);
}

export function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** What a {@link RestoreBegin} announces, while the parts are made one after the other. */
export class StageDigest {
  #sums = noSums;
  #parts = 0;
  #bytes = 0;

  add(data: Uint8Array): void {
    this.#sums = withPart(this.#sums, data);
    this.#parts += 1;
    this.#bytes += data.length;
  }

  get announced(): { readonly parts: number; readonly bytes: number; readonly digest: string } {
    return { parts: this.#parts, bytes: this.#bytes, digest: textOf(this.#sums) };
  }
}
