import js from "@eslint/js";
import nx from "@nx/eslint-plugin";
import prettier from "eslint-config-prettier";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const nodeGlobals = Object.fromEntries(
  [
    ...["process", "console", "performance", "Buffer", "fetch", "URL", "AbortController"],
    ...[
      "AbortSignal",
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "setImmediate",
    ],
  ].map((name) => [name, "readonly"]),
);

const cores = [
  "packages/raft/src/core/**/*.ts",
  "packages/raft/src/exactly-once/!(session|repeating).ts",
  "packages/state-machine/src/**/*.ts",
  "packages/eventual/src/{core,data,wire}/**/*.ts",
  "packages/gossip/src/{core,wire}/**/*.ts",
  "apps/node/src/bootstrap/{candidacy,coordinating,pledging,rules,state,types,waiting}.ts",
];

export default defineConfig(
  globalIgnores(["**/dist/", "**/coverage/", ".nx/", "docs/"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { "@nx": nx },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // isolatedDeclarations wants the types that this rule would take away.
      "@typescript-eslint/no-inferrable-types": "off",
      // winston's own types trip it.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // An index that was just checked reads better with ! than with a second branch.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Functions that answer void are called in one-line switches.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "max-lines": ["error", { max: 300, skipBlankLines: false }],
      "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
      "@nx/enforce-module-boundaries": [
        "error",
        {
          // How an agent of Serf is run in tests: no package is published with it.
          allow: [
            "../../../packages/gossip/e2e/agents.ts",
            "@counter/node/offline",
            "../../node/e2e/support/*",
            "../../node/src/test-support/certificates.ts",
          ],
          depConstraints: [
            { sourceTag: "kind:core", onlyDependOnLibsWithTags: [] },
            { sourceTag: "kind:adapter", onlyDependOnLibsWithTags: ["kind:core"] },
            { sourceTag: "kind:sim", onlyDependOnLibsWithTags: ["kind:core"] },
            { sourceTag: "kind:client", onlyDependOnLibsWithTags: [] },
            {
              sourceTag: "kind:app",
              onlyDependOnLibsWithTags: ["kind:core", "kind:adapter", "kind:client"],
            },
          ],
        },
      ],
    },
  },
  {
    // A table with a row for each rule of the core: cut in two it would only be harder to search.
    files: ["packages/sim/src/test-support/mutants.ts"],
    rules: { "max-lines": "off" },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true, named: true } }],
    },
  },
  {
    // Cores are replayed from their inputs: a clock or a die of their own would break that.
    files: cores,
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": ["error", "Date", "process", "console", "performance"],
      "no-restricted-properties": ["error", { object: "Math", property: "random" }],
    },
  },
  {
    files: ["**/*.test.ts", "**/test-support/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      // A test helper may await nothing, and a table row may hold a function.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["**/*.{mjs,cjs}"],
    languageOptions: { globals: nodeGlobals },
  },
  {
    files: ["**/*.cjs"],
    languageOptions: {
      sourceType: "commonjs",
      globals: { module: "writable", require: "readonly", __dirname: "readonly" },
    },
  },
  prettier,
);
