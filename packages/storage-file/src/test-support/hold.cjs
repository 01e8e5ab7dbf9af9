/**
 * Another process that opens a storage from the sources: `node hold.cjs <directory>`. It says
 * "open" and stays until it is killed, or the code of the error that it got.
 */
const fs = require("node:fs");
const path = require("node:path");
const ts = require("typescript");

const compilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  rewriteRelativeImportExtensions: false,
};
require.extensions[".ts"] = (module, file) => {
  const source = fs.readFileSync(file, "utf8");
  module._compile(ts.transpileModule(source, { compilerOptions }).outputText, file);
};

const { openFileStorage } = require(path.join(__dirname, "..", "index.ts"));

openFileStorage(process.argv[2]).then(
  () => {
    console.log("open");
    process.stdin.resume();
  },
  (error) => console.log(error.code),
);
