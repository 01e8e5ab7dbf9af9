// Are the packages what their users get? Packs every one, lints the tarballs, installs them in an
// empty project outside the workspace, loads them there with `import` and with `require`, and
// type-checks and runs the examples of all READMEs, once as modules and once as CommonJS.
//
// Which example: the block after `<!-- npm run check-packs runs this. It prints: … -->`. Every README
// has one. http://127.0.0.1:8080 to 8082 in it are replaced by the address of a node that runs.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSizes } from "./bundle-sizes.mjs";
import { withNodes } from "./local-nodes.mjs";
import { addNodeTypes, bin, installAll, packAll, run, strictOptions } from "./packing.mjs";
import { publicPackages, root } from "./packages.mjs";

const marked =
  /<!-- npm run check-packs runs this\.(?: It prints: (.*?))? -->\s*```ts\n([\s\S]*?)```/;
const readmeOf = (dir) => readFileSync(join(dir, "README.md"), "utf8");

/** The examples by name: of every package, and of the repository itself. */
function examples() {
  const places = [{ name: "root", dir: root }, ...publicPackages()];
  return places.map(({ name, dir }) => {
    const found = marked.exec(readmeOf(dir));
    if (found === null) throw new Error(`the README of ${name} has no example that is run`);
    return { name, prints: found[1] ?? "", text: found[2] };
  });
}

/** Rules of npm's linters, and what they do not look at: that the license comes along. */
function lint(tarballs) {
  const license = readFileSync(join(root, "LICENSE"), "utf8");
  for (const { name, dir } of publicPackages()) {
    const own = existsSync(join(dir, "LICENSE")) ? readFileSync(join(dir, "LICENSE"), "utf8") : "";
    if (own !== license) throw new Error(`packages/${name}/LICENSE is not the license`);
  }
  for (const tarball of tarballs) {
    run(root, bin("publint"), "run", tarball, "--strict");
    run(root, bin("attw"), tarball, "--profile", "strict", "--format", "ascii");
  }
}

/** Loads every entry point both ways and wants one and the same instance. */
function loadBothWays(dir, { manifest, entries }) {
  for (const { entry } of entries) {
    const id = JSON.stringify(manifest.name + entry.slice(1));
    const code = `const r = require(${id}); import(${id}).then((m) => {
      for (const k of Object.keys(m)) if (k !== "default" && k !== "module.exports" && m[k] !== r[k]) throw new Error("two copies of " + k);
      console.log(${id}, Object.keys(r).length, "exports"); })`;
    process.stdout.write(run(dir, process.execPath, "--input-type=commonjs", "-e", code));
  }
}

/** CommonJS has no `await` outside of functions: what follows the imports goes into one. */
function asCommonJs(text) {
  const imports = [...text.matchAll(/^import [^;]*;$/gm)].map(([found]) => found);
  const rest = text.replaceAll(/^import [^;]*;$/gm, "");
  return `${imports.join("\n")}\nasync function example(): Promise<void> {${rest}}\nvoid example();\n`;
}

/** Imports of all packages that depend on nothing. */
function withoutDependencies() {
  const free = publicPackages().filter(
    ({ manifest }) => Object.keys(manifest.dependencies ?? {}).length === 0,
  );
  return free.map(({ manifest }) => `import "${manifest.name}";\n`).join("");
}

function runExamples(dir, type, url) {
  const made = examples().map(({ name, prints, text }) => {
    const code = text.replaceAll(/http:\/\/127\.0\.0\.1:808[012]/g, url);
    writeFileSync(join(dir, `${name}.ts`), type === "module" ? code : asCommonJs(code));
    return { name, prints };
  });
  writeFileSync(join(dir, "package.json"), JSON.stringify({ private: true, type }));
  const compilerOptions = { ...strictOptions, outDir: "out" };
  const files = made.map(({ name }) => `${name}.ts`);
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  run(dir, bin("tsc"), "-p", "tsconfig.json");
  for (const { name, prints } of made) {
    const printed = run(dir, process.execPath, join("out", `${name}.js`)).trim();
    if (!printed.includes(prints)) throw new Error(`the example of ${name} printed: ${printed}`);
    console.log(`the example of ${name} runs as ${type}: ${printed.split("\n").at(-1)}`);
  }
}

const dir = mkdtempSync(join(tmpdir(), "counter-packs-"));
try {
  const tarballs = packAll(join(dir, "packs"));
  lint(tarballs);
  installAll(dir, tarballs);
  for (const one of publicPackages()) loadBothWays(dir, one);
  for (const one of publicPackages()) await checkSizes(dir, one.manifest.name, readmeOf(one.dir));
  // First as in a project that has nothing but the compiler: cores need no types of Node.
  writeFileSync(join(dir, "example.ts"), withoutDependencies() + examples()[0].text);
  const plain = ["--strict", "--module", "nodenext", "--target", "es2022", "--noEmit"];
  run(dir, bin("tsc"), ...plain, "--types", "", "--ignoreConfig", "example.ts");
  // Then with Node's own types, as most have them.
  addNodeTypes(dir);
  await withNodes(1, dir, ([url]) => {
    runExamples(dir, "module", url);
    runExamples(dir, "commonjs", url);
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
