/** Processes of their own, and real agents of Serf: the latter skip, and say so, where there is no `serf`. */
module.exports = {
  ...require("../../../jest.preset.cjs"),
  displayName: "gossip-e2e",
  rootDir: __dirname,
  testMatch: ["<rootDir>/**/*.e2e.ts"],
  testTimeout: 120_000,
};
