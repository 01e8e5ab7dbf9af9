import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as gossip from "./index.ts";

const readme = readFileSync(join(__dirname, "../README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

/** What an example may take for given. */
const given = `
  import { ${Object.keys(gossip).join(", ")} } from "@counter/gossip";
  declare const meta: Uint8Array, payload: Uint8Array, key: Uint8Array, answer: Uint8Array;
  declare const signal: AbortSignal;
`;

/** What the compiler has to say about each of these texts, as a module of this package. */
function problemsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const sources = new Map(texts.map((text, at) => [join(__dirname, `example-${at}.ts`), text]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { "@counter/gossip": [join(__dirname, "index.ts")] },
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

it("the examples in the README compile", () => {
  expect(examples.length).toBeGreaterThan(2);
  const texts = examples.map((code) => given + code.replaceAll(/^import .*$/gm, ""));
  const [wrong, ...found] = problemsOf([`${given}void GossipNode.start({});`, ...texts]);
  expect(found).toEqual(texts.map(() => []));
  expect(wrong).toHaveLength(1); // it does look
}, 60_000);
