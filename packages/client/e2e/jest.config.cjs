/** A real browser; skips, and says so, where there is no Chromium. Needs a build. */
module.exports = {
  ...require("../../../jest.preset.cjs"),
  displayName: "client-e2e",
  rootDir: __dirname,
  testMatch: ["<rootDir>/**/*.e2e.ts"],
  testTimeout: 120_000,
};
