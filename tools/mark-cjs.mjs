// Marks a folder of emitted CommonJS files as such, inside a package whose own "type" is "module".
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const dir = process.argv[2] ?? "dist/cjs";
writeFileSync(join(dir, "package.json"), '{ "type": "commonjs" }\n');
