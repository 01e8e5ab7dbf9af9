/** Real agents of Serf: skips, and says so, where there is no `serf` to be run. */
module.exports = {
  ...require("../../../jest.preset.cjs"),
  displayName: "gossip-e2e",
  rootDir: __dirname,
  testMatch: ["<rootDir>/**/*.e2e.ts"],
  testTimeout: 120_000,
};
