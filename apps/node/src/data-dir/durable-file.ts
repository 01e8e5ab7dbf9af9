/** Small files that must survive a power cut whole: either the old content or the new one. */
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Replaces `path` by `chunks`. When this resolves, the bytes, the name and the folder are on the
 * disk; a crash before leaves the old file as it was.
 *
 * @param temporaryName - a name in the same folder that nobody else uses at the same time
 */
export async function writeDurably(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  temporaryName: string,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName);
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      for await (const chunk of chunks) await file.writeFile(chunk); // continues where the last one ended
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Makes creations and renames in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
