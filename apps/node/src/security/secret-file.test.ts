import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { secretMinBytes, secretsMax } from "@counter/transport-http";

import { readPeerSecrets, secretMaxBytes } from "./secret-file.ts";

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "secret-")), "secret");
});
afterEach(() => rm(join(path, ".."), { recursive: true, force: true }));

const words = async (): Promise<readonly string[]> =>
  (await readPeerSecrets(path)).map((secret) => new TextDecoder().decode(secret));

test.each([secretMinBytes, secretMaxBytes])("%d bytes are a secret", async (length) => {
  await writeFile(path, `\n  ${"s".repeat(length)} \r\n`);
  expect(await words()).toEqual(["s".repeat(length)]);
});

test(`up to ${secretsMax} secrets, one a line, with remarks between them`, async () => {
  const secrets = Array.from({ length: secretsMax }, (_, i) => `${i}`.repeat(20));
  await writeFile(path, `# the new one\n${secrets.join("\n# older\n\n")}\n`);
  expect(await words()).toEqual(secrets);
});

test.each([
  { what: "too few bytes", text: "s".repeat(secretMinBytes - 1), says: "holds 15 bytes" },
  { what: "too many bytes", text: "s".repeat(secretMaxBytes + 1), says: "holds 4097 bytes" },
  { what: "a short one among them", text: `${"s".repeat(40)}\nshort`, says: "holds 5 bytes" },
  { what: "none", text: "\n# nothing yet\n", says: "holds 0 secrets" },
  { what: "too many", text: `${"s".repeat(20)}\n`.repeat(secretsMax + 1), says: "holds 9 secrets" },
  { what: "bytes that are no text", text: `${"s".repeat(20)}\u0001`, says: "printable ASCII" },
])("$what: refused", async ({ text, says }) => {
  await writeFile(path, text);
  await expect(readPeerSecrets(path)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(says) as string,
  });
});

test("a file that is not there is named", async () => {
  await expect(readPeerSecrets(path)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(path) as string,
  });
});
