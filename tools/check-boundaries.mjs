// The rule that keeps the map of packages passes silently when the workspace graph is missing, so
// this check breaks the map on purpose and wants to be told.
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ESLint } from "eslint";

const root = resolve(import.meta.dirname, "..");
const rule = "@nx/enforce-module-boundaries";
const violations = [
  { in: "packages/raft/src", imports: "@counter/storage-file", because: "a core imports nothing" },
  {
    in: "packages/storage-file/src",
    imports: "@counter/sim",
    because: "nothing shipped imports sim",
  },
  { in: "packages/client/src", imports: "@counter/raft", because: "a client brings no server" },
  {
    in: "apps/node/src",
    imports: "@counter/sim",
    because: "the server does not ship the simulator",
  },
];

const eslint = new ESLint({ cwd: root });
let missed = 0;
for (const violation of violations) {
  const file = join(root, violation.in, "boundary-violation.ts");
  writeFileSync(file, `import "${violation.imports}";\n`);
  try {
    const results = await eslint.lintFiles([file]);
    const told = results.some(({ messages }) => messages.some(({ ruleId }) => ruleId === rule));
    if (told) continue;
    missed += 1;
    console.error(
      `not noticed: ${violation.in} importing ${violation.imports}`,
      results[0]?.messages,
    );
  } finally {
    rmSync(file);
  }
}
if (missed > 0) process.exit(1);
console.log(`${violations.length} broken boundaries were noticed`);
