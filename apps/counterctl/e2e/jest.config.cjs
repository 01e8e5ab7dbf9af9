/** Real processes of nodes and of counterctl: needs a build, runs one file after the other. */
module.exports = {
  ...require("../../../jest.preset.cjs"),
  displayName: "counterctl-e2e",
  rootDir: __dirname,
  testMatch: ["<rootDir>/**/*.e2e.ts"],
  testTimeout: 300_000,
};
