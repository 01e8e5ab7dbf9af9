import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { EventualNodes } from "../../test-support/eventual-nodes.ts";
import { TestNodes } from "../../test-support/test-node.ts";

const nodes = new TestNodes();
const eventual = new EventualNodes();
const file = join(__dirname, "..", "..", "..", "..", "..", "docs", "openapi.json");
/** A program, since the library is no CommonJS module, which tests are compiled to. */
const validator = join(
  dirname(createRequire(__filename).resolve("@seriousme/openapi-schema-validator")),
  "bin",
  "validate-api-cli.js",
);

afterAll(async () => {
  await nodes.end();
  await eventual.end();
});

async function documentOf({ url }: { readonly url: string }): Promise<string> {
  const reply = await fetch(`${url}/openapi.json`);
  expect(reply.status).toBe(200);
  return reply.text();
}

test("docs/openapi.json is what nodes serve; UPDATE_OPENAPI=1 writes it anew", async () => {
  const served = await documentOf(await eventual.single());
  if (process.env["UPDATE_OPENAPI"] !== undefined) await writeFile(file, served);
  expect(served).toBe(await readFile(file, "utf8"));
});

test("nodes of both modes serve the same document", async () => {
  const [raft, other] = await Promise.all([
    documentOf(await nodes.single()),
    documentOf(await eventual.single()),
  ]);
  expect(JSON.parse(other)).toEqual(JSON.parse(raft));
});

test("docs/openapi.json is valid OpenAPI 3.1", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [validator, file]);
  expect(JSON.parse(stdout)).toMatchObject({ valid: true });
});
