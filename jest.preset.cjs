/** Jest settings shared by every project; a project's own jest.config.cjs spreads this object. */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/src/**/*.test.ts"],
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: `${__dirname}/tsconfig.jest.json` }] },
  moduleNameMapper: {
    // Workspace packages are tested from their sources, so tests need no build.
    "^@counter/([^/]+)$": `${__dirname}/packages/$1/src/index.ts`,
    "^@counter/node/offline$": `${__dirname}/apps/node/src/offline.ts`,
  },
  collectCoverageFrom: ["src/**/*.ts", "!src/**/*.test.ts"],
  coverageProvider: "v8",
  setupFilesAfterEnv: [`${__dirname}/jest.second-go.cjs`],
  restoreMocks: true,
  // What a test leaves open keeps jest from exiting, which is seen at once where somebody looks. Where
  // nobody does, a run would wait for ever with all its results known.
  forceExit: process.env["CI"] === "true",
  // For what hangs, not for what is slow: longer than the patience of any wait in a test.
  testTimeout: 90_000,
};
