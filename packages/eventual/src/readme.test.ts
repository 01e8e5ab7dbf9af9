import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import ts from "typescript";
import * as eventual from "./index.ts";

const readme = readFileSync(join(__dirname, "../README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

/** What an example without imports may take for given. */
const given = `
  import { ${Object.keys(eventual).join(", ")} } from "@counter/eventual";
  declare const node: EventualNode, other: EventualNode, signal: AbortSignal;
`;

/** What the compiler has to say about each of these texts, as a module of this package. */
function problemsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const sources = new Map(texts.map((text, at) => [join(__dirname, `example-${at}.ts`), text]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { "@counter/eventual": [join(__dirname, "index.ts")] },
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
    expect(examples.length).toBeGreaterThan(3);
    const texts = examples.map((code) => (isWhole(code) ? code : given + withoutImports(code)));
    const [wrong, ...found] = problemsOf([`${given}EventualNode.start({});`, ...texts]);
    expect(found).toEqual(texts.map(() => []));
    expect(wrong).toHaveLength(1); // it does look
  }, 60_000);

  it("run, where they say so: both sides of a partition count, and all is there afterwards", async () => {
    const example = withoutImports(examples.find(isWhole)!);
    const { outputText } = ts.transpileModule(
      `async function main() {${example}\nreturn [value, read.value, total]; }`,
      { compilerOptions: { target: ts.ScriptTarget.ES2022 } },
    );
    const result: unknown = await runInNewContext(`${outputText}; main();`, { ...eventual });
    expect(result).toEqual([41n, 41n, 42n]);
  }, 60_000);
});
