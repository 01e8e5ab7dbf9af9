/** Real directories for tests, removed when the test file is done. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

afterAll(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});

export async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "storage-file-"));
  made.push(path);
  return path;
}

export async function copyOf(directory: string): Promise<string> {
  const copy = await newDirectory();
  await cp(directory, copy, { recursive: true });
  return copy;
}

/** Replaces a file by what `change` makes of its bytes. */
export async function rewrite(
  path: string,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<void> {
  await writeFile(path, change(new Uint8Array(await readFile(path))));
}
