// How many bytes a name costs whoever bundles it, and whether the README still says so: rows of the
// form | `RaftCore` | 40 kB | 13 kB | (minified, and compressed with gzip) may be off by a fifth.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Bytes of a bundle that exports `name` of the package alone, tree-shaken and minified. */
async function sizeOf(dir, packageName, name) {
  const contents = `export { ${name} } from ${JSON.stringify(packageName)};`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dir },
    ...{ bundle: true, minify: true, write: false, format: "esm", target: "es2023" },
    ...{ platform: "node", logLevel: "error" },
  });
  const [file] = outputFiles;
  return {
    minified: file.contents.length,
    compressed: gzipSync(file.contents, { level: 9 }).length,
  };
}

const off = (told, bytes) => Math.abs(told * 1000 - bytes) > Math.max(bytes / 5, 500);

/** Compares the rows of a README with what is measured in the project at `dir`. */
export async function checkSizes(dir, packageName, readme) {
  const rows = [...readme.matchAll(/^\| `(\w+)` \| ([\d.]+) kB \| ([\d.]+) kB \|/gm)];
  for (const [, name, minified, compressed] of rows) {
    const is = await sizeOf(dir, packageName, name);
    const text = `${(is.minified / 1000).toFixed(1)} kB, ${(is.compressed / 1000).toFixed(1)} kB`;
    console.log(`${packageName} ${name}: ${text} compressed`);
    if (off(Number(minified), is.minified) || off(Number(compressed), is.compressed)) {
      throw new Error(`the README of ${packageName} says ${minified} and ${compressed} kB`);
    }
  }
}
