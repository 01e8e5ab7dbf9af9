import { flagSpecs } from "./flags.ts";

test("no flag has a name that Nx keeps for itself", () => {
  const taken = ["verbose", "c", "parallel", "exclude", "batch", "graph", "output-style"];
  expect(Object.keys(flagSpecs).filter((flag) => taken.includes(flag))).toEqual([]);
});
