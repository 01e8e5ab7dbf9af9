import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** What the examples do not show: a reader has it, or knows what it stands for. */
const given = `
import type * as raft from "@counter/raft";
declare global {
  type Result = { readonly balance: number };
  const members: raft.Member[];
  const stateMachine: raft.StateMachine<Result> & { readonly value: number };
  const storage: raft.Storage;
  const transport: raft.Transport;
  const bytes: Uint8Array;
  const signal: AbortSignal;
  const seed: number;
  const persisted: raft.PersistedState | null;
  const message: raft.Message;
}`;

const readme = readFileSync(join(__dirname, "../README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text!);

/** What the compiler says about these files beside index.ts, which exist in memory only. */
function problemsOf(files: ReadonlyMap<string, string>): string[] {
  const config = join(__dirname, "../../../tsconfig.base.json");
  const { config: json } = ts.readConfigFile(config, (path) => ts.sys.readFile(path)) as {
    readonly config: { readonly compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(json.compilerOptions, __dirname);
  Object.assign(options, { noEmit: true, composite: false, isolatedDeclarations: false });
  Object.assign(options, { declaration: false, declarationMap: false, noUnusedLocals: false });
  Object.assign(options, { rewriteRelativeImportExtensions: false });
  Object.assign(options, { allowImportingTsExtensions: true });
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => files.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => files.get(path) ?? ts.sys.readFile(path);
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const where = file?.text.slice(start, (start ?? 0) + 40);
    return `${ts.flattenDiagnosticMessageText(messageText, " ")} at ${where}`;
  });
}

const inPackage = (text: string): string => text.replaceAll('"@counter/raft"', '"./index.ts"');
const nameOf = (at: number): string => join(__dirname, `readme-example-${at}.mts`);

function filesWith(bodies: readonly string[]): Map<string, string> {
  const files = new Map([[nameOf(0), inPackage(given)]]);
  bodies.forEach((body, at) => files.set(nameOf(at + 1), `${inPackage(body)}\nexport {};\n`));
  return files;
}

jest.setTimeout(60_000); // the compiler, on machines that may be busy

describe("the README", () => {
  it("has examples that compile", () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
    expect(problemsOf(filesWith(examples))).toEqual([]);
  });

  it("would be told if one did not", () => {
    const broken = examples.map((example) => example.replace(".propose(", ".suggest("));
    expect(problemsOf(filesWith(broken)).length).toBeGreaterThanOrEqual(2);
  });
});
