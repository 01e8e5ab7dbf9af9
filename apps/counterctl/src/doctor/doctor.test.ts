import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import type { AddressInfo } from "node:net";

import { percentile } from "../check/perf.ts";
import type { NodeView } from "../commands/nodes.ts";
import { readingOf } from "../clock-reading.ts";
import { clockFindings, skewMaxMs, skewWarnMs } from "./clocks.ts";
import { fitting, reachable } from "./cluster.ts";
import { compared } from "./digests.ts";
import { diskFindings, openFilesFinding, openFilesMin, portFinding } from "./machine.ts";

function node(id: string, more: Readonly<Record<string, unknown>> = {}): NodeView {
  const status = { id, mode: "raft", clusterId: "c", version: "1.0.0", state: "Follower", ...more };
  return { endpoint: `http://${id}`, status, problem: null, clock: null };
}

const leader = { state: "Leader", term: 3 };

describe("whether nodes fit together", () => {
  it.each([
    { nodes: [node("a", leader), node("b")], bad: [] },
    { nodes: [node("a", leader), node("b", { mode: "eventual" })], bad: ["mode"] },
    { nodes: [node("a", leader), node("b", { clusterId: "d" })], bad: ["cluster"] },
    { nodes: [node("a", leader), node("b", { version: "2.0.0" })], bad: ["version"] },
    { nodes: [node("a", leader), node("a")], bad: ["identities"] },
    { nodes: [node("a", leader), node("b", leader)], bad: ["leader"] },
    { nodes: [node("a", leader), node("b", { ...leader, term: 4 })], bad: [] },
    { nodes: [node("a"), node("b")], bad: ["leader"] },
    { nodes: [node("a", { leaderSilentMs: 5 })], bad: [] },
    { nodes: [node("a", { mode: "eventual" })], bad: [] },
  ])("finds $bad", ({ nodes, bad }) => {
    const found = fitting(nodes).filter(({ status }) => status !== "ok");
    expect(found.map(({ check }) => check)).toEqual(bad);
    for (const { advice } of found) expect(advice).not.toBeNull();
  });

  it("names those that do not answer", () => {
    const silent = { endpoint: "http://x", status: null, problem: "refused", clock: null };
    expect(reachable([node("a"), silent]).map(({ status }) => status)).toEqual(["ok", "failed"]);
  });
});

describe("whether nodes have the same state", () => {
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  it.each([
    { digests: [a, a, a], status: "ok" },
    { digests: [a, b, a], status: "failed" },
    { digests: [a, b, null], status: "failed" },
    { digests: [a, null, a], status: "warning" },
  ])("says $status of $digests", ({ digests, status }) => {
    const finding = compared(
      7,
      digests.map((digest, at) => ({ endpoint: `n${at}`, digest: digest ?? null })),
    );
    expect(finding.status).toBe(status);
    expect(finding.detail.includes("DIVERGED at index 7")).toBe(status === "failed");
  });
});

describe("whether clocks agree", () => {
  const asked = { before: Date.parse("2026-01-01T00:00:00.000Z"), after: 0 };
  const apart = (...clocks: readonly (readonly [aheadMs: number, offMs: number])[]): string => {
    const nodes = clocks.map(([aheadMs, offMs], at) => {
      return { ...node(`n${at}`), clock: { aheadMs, offMs } };
    });
    return clockFindings(nodes)
      .map(({ status, detail }) => `${status} ${detail}`)
      .join();
  };

  it("reads a clock as of the middle between question and answer", () => {
    const after = asked.before + 200;
    expect(readingOf("2026-01-01T00:00:05.000Z", { ...asked, after })).toEqual({
      ...{ aheadMs: 4900, offMs: 100 },
    });
    expect(readingOf("soon", { ...asked, after })).toBeNull();
    expect(readingOf(null, { ...asked, after })).toBeNull();
  });

  it.each([
    { clocks: [], found: "" },
    { clocks: [[0, 5]], found: "ok 2 within 1000 ms" },
    { clocks: [[skewWarnMs + 5, 5]], found: "ok 2 within 1000 ms" },
    {
      clocks: [[skewWarnMs + 6, 5]],
      found: "warning http://n0 is at least 1.0 s ahead of this machine",
    },
    { clocks: [[-3000, 0]], found: "warning this machine is at least 3.0 s ahead of http://n0" },
    // What nobody can know does no harm to anybody: a slow answer is not a wrong clock.
    { clocks: [[60_000, 60_000]], found: "ok 2 within 1000 ms" },
    {
      clocks: [
        [-2000, 0],
        [skewMaxMs - 1999, 0],
      ],
      found: "failed http://n1 is at least 300.0 s ahead of http://n0",
    },
  ] as const)("$clocks: $found", ({ clocks, found }) => {
    expect(apart(...clocks)).toBe(found);
  });
});

describe("whether a machine is fit", () => {
  it.each([
    ["unlimited", "ok"],
    [openFilesMin, "ok"],
    [openFilesMin - 1, "warning"],
    [undefined, "warning"],
  ])("with at most %p open files: %s", (soft, status) => {
    const report = { userLimits: { open_files: { soft } } };
    expect(openFilesFinding(report).status).toBe(status);
  });

  it("measures its disk", async () => {
    const found = await diskFindings(tmpdir());
    expect(found.map(({ check }) => check)).toEqual(["disk space", "fsync"]);
    expect(found[1]!.detail).toMatch(/p99 \d+\.\d\d ms/);
  });

  it("sees whether a port is free", async () => {
    const server = createServer();
    server.listen(0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect((await portFinding(port)).status).toBe("failed");
    server.close();
    await once(server, "close");
    expect((await portFinding(port)).status).toBe("ok");
  });

  it("tells percentiles", () => {
    const sorted = Array.from({ length: 100 }, (_, at) => at + 1);
    expect([percentile(sorted, 0.5), percentile(sorted, 0.99), percentile([], 0.5)]).toEqual([
      ...[51, 100, 0],
    ]);
  });
});
