/**
 * With SECOND_GO=1, a test with real clocks or sockets that fails runs once more, after the rest of
 * its file: on a shared machine everything stands still now and then. The first failure is printed,
 * so that it can be counted. Tests that draw at random get no second go: a rare draw that fails is
 * what they are there to find. Nor do those of pure code, which fail for one reason only.
 */
/* global expect, jest */
const { readFileSync } = require("node:fs");

const { testPath } = expect.getState();
const hasClock =
  /[\\/](src[\\/]node|apps[\\/]node[\\/]src|transport-http[\\/]src|gossip[\\/]e2e)[\\/]/;

if (
  process.env.SECOND_GO === "1" &&
  hasClock.test(testPath) &&
  !readFileSync(testPath, "utf8").includes("fast-check")
) {
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
}
