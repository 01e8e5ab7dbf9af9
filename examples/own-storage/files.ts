// Files whose changes are on the disk when the promise resolves.
import { open, readFile } from "node:fs/promises";

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array | string>;

/** Writes a file, or appends to it, and returns when it is on the disk. */
export async function store(path: string, flag: "a" | "w", chunks: Chunks): Promise<void> {
  const handle = await open(path, flag);
  try {
    for await (const chunk of chunks) await handle.appendFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A new name is on the disk when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path);
  await handle.sync().finally(() => handle.close());
}

/** The text of a file; empty if there is none. */
export async function readIfThere(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
}
