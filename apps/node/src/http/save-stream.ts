/** A snapshot on its way to a client, as fast as that one reads. */
import type { Writable } from "node:stream";

import type { SealedBackup } from "../data-dir/backup-format.ts";
import { pause } from "../process/pause.ts";

/** A reader that takes nothing for so long is gone, in milliseconds. */
export const readerStallMs: number = 30_000;

/**
 * Writes it, and closes the sink: orderly, or abruptly if the reader is too slow.
 *
 * @param onEnd - called once, however it ends
 */
export function sendSealed(
  sealed: Pick<SealedBackup, "chunks">,
  sink: Writable,
  onEnd: () => void,
  stallMs: number = readerStallMs,
): void {
  void writeAll(sealed.chunks(), sink, stallMs)
    .catch((error: unknown) => {
      sink.destroy(error instanceof Error ? error : new Error("it cannot be sent"));
    })
    .finally(onEnd);
}

async function writeAll(
  chunks: Iterable<Uint8Array>,
  sink: Writable,
  stallMs: number,
): Promise<void> {
  for (const chunk of chunks) {
    if (sink.destroyed) return;
    if (!sink.write(chunk)) await room(sink, stallMs);
    await pause(); // a reader that keeps up makes room at once, and nobody else would have a turn
  }
  sink.end();
}

function room(sink: Writable, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(new Error("the reader does not read")), stallMs);
    const go = (): void => done(null);
    function done(error: Error | null): void {
      clearTimeout(timer);
      sink.off("drain", go).off("close", go);
      if (error === null) resolve();
      else reject(error);
    }
    sink.once("drain", go).once("close", go);
  });
}
