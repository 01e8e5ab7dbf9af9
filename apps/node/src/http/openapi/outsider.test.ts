import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import ts from "typescript";

import { EventualNodes } from "../../test-support/eventual-nodes.ts";
import { TestNodes } from "../../test-support/test-node.ts";

const app = join(__dirname, "..", "..", "..");
const document = join(app, "..", "..", "docs", "openapi.json");
const program = join(app, "e2e", "outsider", "outsider.mts");
const generator = join(
  dirname(createRequire(__filename).resolve("openapi-typescript/package.json")),
  "bin",
  "cli.js",
);
const run = promisify(execFile);

const nodes = new TestNodes();
const eventual = new EventualNodes();
let folder = "";

/** Below the app, so that the program finds its packages. */
beforeAll(async () => {
  await mkdir(join(app, "dist"), { recursive: true });
  folder = await mkdtemp(join(app, "dist", "outsider-"));
  await run(process.execPath, [generator, document, "-o", join(folder, "api.d.ts")]);
  await copyFile(program, join(folder, "outsider.mts"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await nodes.end();
  await eventual.end();
});

/** What the program has seen of the node at this URL. */
async function outsiderAt(url: string, mode: string): Promise<unknown> {
  const { outputText } = ts.transpileModule(await readFile(program, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const file = join(folder, "outsider.mjs");
  await writeFile(file, outputText);
  const { stdout } = await run(process.execPath, [file, url, mode]);
  return JSON.parse(stdout);
}

describe("who knows nothing but the document", () => {
  test("gets types of it with which a program compiles", () => {
    const compiled = ts.createProgram([join(folder, "outsider.mts")], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      types: ["node"],
      allowImportingTsExtensions: true,
    });
    const found = ts.getPreEmitDiagnostics(compiled);
    const shown = found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
    expect(shown).toEqual([]);
  });

  const seen = { added: "41", kind: "counter", labels: { a: "b" }, names: ["orders"] };

  test("can use a node in Raft mode", async () => {
    const { url } = await nodes.single();
    const numbers = { last: "42", value: "42", told: "42", code: "counter-not-found" };
    expect(await outsiderAt(url, "raft")).toEqual({ mode: "raft", ...seen, ...numbers });
  });

  test("can use a node in eventual mode, and is told what it does not have", async () => {
    const { url } = await eventual.single();
    const numbers = { last: "mode-mismatch", value: "41", told: "41", code: "counter-not-found" };
    expect(await outsiderAt(url, "eventual")).toEqual({ mode: "eventual", ...seen, ...numbers });
  });
});
