/** Real processes and a real disk: needs a build, runs one file after the other. */
module.exports = {
  ...require("../../../jest.preset.cjs"),
  displayName: "node-e2e",
  rootDir: __dirname,
  testMatch: ["<rootDir>/**/*.e2e.ts"],
  testTimeout: 300_000,
};
