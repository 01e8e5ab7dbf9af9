import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import ts from "typescript";
import * as raft from "./index.ts";

const readme = readFileSync(join(__dirname, "../README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

/** What an example without imports may take for given. */
const given = `
  import { ${Object.keys(raft).join(", ")} } from "@counter/raft";
  import type * as types from "@counter/raft";
  declare const members: readonly types.Member[];
  declare const stateMachine: types.StateMachine<number> & { readonly value: number };
  declare const storage: types.Storage, transport: types.Transport;
  declare const persisted: types.PersistedState | null, message: types.Message;
  type Result = number;
  declare const bytes: Uint8Array, signal: AbortSignal, seed: number;
  declare const test: (name: string, run: () => Promise<void>) => void;
  declare const openMyStorage: (directory: string) => Promise<types.Storage>, directory: string;
`;

/** What the compiler has to say about each of these texts, as a module of this package. */
function problemsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const sources = new Map(texts.map((text, at) => [join(__dirname, `example-${at}.ts`), text]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { "@counter/raft": [join(__dirname, "index.ts")] },
    types: ["node"],
    typeRoots: [join(__dirname, "../../../node_modules/@types")],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => sources.has(name) || disk.fileExists(name),
    getSourceFile: (name, version, ...rest) => {
      const text = sources.get(name);
      if (text === undefined) return disk.getSourceFile(name, version, ...rest);
      return ts.createSourceFile(name, text, version);
    },
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map((name) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"),
    );
  });
}

/** Whether it needs nothing that it does not show, so that it can be run. */
function isWhole(example: string): boolean {
  return example.includes("new MemoryNetwork()");
}

function withoutImports(example: string): string {
  return example.replaceAll(/^import .*$/gm, "");
}

describe("the examples in the README", () => {
  it("compile", () => {
    expect(examples.length).toBeGreaterThan(2);
    const texts = examples.map((code) => (isWhole(code) ? code : given + withoutImports(code)));
    const [wrong, ...found] = problemsOf([`${given}RaftNode.start({});`, ...texts]);
    expect(found).toEqual(texts.map(() => []));
    expect(wrong).toHaveLength(1); // it does look
  }, 60_000);

  it("run, where they say so: one server becomes three, and the first one goes", async () => {
    const example = withoutImports(examples.find(isWhole)!);
    const { outputText } = ts.transpileModule(
      `async function main() {${example}\nreturn sum.value; }`,
      { compilerOptions: { target: ts.ScriptTarget.ES2022 } },
    );
    const world = { ...raft, Uint8Array, TextEncoder, TextDecoder };
    expect(await runInNewContext(`${outputText}; main();`, world)).toBe(42);
  }, 60_000);
});
