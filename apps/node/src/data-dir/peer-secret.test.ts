import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readPeerSecret, secretMaxBytes, secretMinBytes } from "./peer-secret.ts";

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "secret-")), "secret");
});
afterEach(() => rm(join(path, ".."), { recursive: true, force: true }));

test("no file means no secret", async () => {
  expect(await readPeerSecret(null)).toBeNull();
});

test.each([secretMinBytes, secretMaxBytes])("%d bytes are a secret", async (length) => {
  await writeFile(path, `\n  ${"s".repeat(length)} \r\n`);
  expect(await readPeerSecret(path)).toEqual(Uint8Array.from(Buffer.alloc(length, "s")));
});

test.each([0, secretMinBytes - 1, secretMaxBytes + 1])("%d bytes are none", async (length) => {
  await writeFile(path, `${"s".repeat(length)}                    \n`);
  await expect(readPeerSecret(path)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(`holds ${length} bytes`) as string,
  });
});

test("a file that is not there is named", async () => {
  await expect(readPeerSecret(path)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(path) as string,
  });
});
