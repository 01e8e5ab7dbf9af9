import type { Cluster } from "./cluster.ts";
import { FaultServer, type Fault } from "./test-support/fault-server.ts";
import { clientOf, failure, problem } from "./test-support/replies.ts";

interface Row {
  readonly call: string;
  readonly run: (cluster: Cluster) => Promise<unknown>;
  readonly asks: string;
  readonly body: unknown;
}

const rows: readonly Row[] = [
  { call: "status", run: (c) => c.status(), asks: "GET /v1/status", body: null },
  { call: "info", run: (c) => c.info(), asks: "GET /v1/cluster", body: null },
  { call: "members", run: (c) => c.members(), asks: "GET /v1/cluster/members", body: null },
  { call: "everybody", run: (c) => c.everybody(), asks: "GET /v1/members", body: null },
  {
    ...{ call: "add", run: (c) => c.addMember({ address: "h:1", voter: false }) },
    ...{ asks: "POST /v1/cluster/members", body: { address: "h:1", voter: false } },
  },
  {
    ...{ call: "remove", run: (c) => c.removeMember("h:1~a", { force: true }) },
    ...{ asks: "DELETE /v1/cluster/members/h%3A1~a?force=true", body: null },
  },
  {
    ...{ call: "promote", run: (c) => c.promoteMember("h:1") },
    ...{ asks: "POST /v1/cluster/members/h%3A1/promote", body: null },
  },
  {
    ...{ call: "transfer", run: (c) => c.transferLeader({ to: "h:1" }) },
    ...{ asks: "POST /v1/cluster/leader/transfer", body: { to: "h:1" } },
  },
  {
    ...{ call: "make digest", run: (c: Cluster) => c.makeDigest() },
    ...{ asks: "POST /v1/cluster/digest", body: null },
  },
  { call: "digests", run: (c) => c.digests(), asks: "GET /v1/cluster/digest", body: null },
  { call: "drain", run: (c) => c.drain(), asks: "POST /v1/node/drain", body: null },
  { call: "undrain", run: (c) => c.undrain(), asks: "POST /v1/node/undrain", body: null },
  { call: "leave", run: (c) => c.leave(), asks: "POST /v1/cluster/leave", body: null },
  { call: "log level", run: (c) => c.logLevel(), asks: "GET /v1/node/log-level", body: null },
  {
    ...{ call: "set log level", run: (c) => c.logLevel({ level: "debug" }) },
    ...{ asks: "PUT /v1/node/log-level", body: { level: "debug" } },
  },
];

const fine: Fault = { status: 200, json: { leader: "h:1", level: "debug" } };

describe("operating a cluster", () => {
  it.each(rows)("$call", async ({ run, asks, body }) => {
    const server = await FaultServer.start(fine);
    await run(clientOf([server]).cluster);
    const [asked] = server.asked;
    expect(`${asked!.method} ${asked!.path}`).toBe(asks);
    expect(asked!.body === "" ? null : JSON.parse(asked!.body)).toEqual(body);
    expect(server.keys).toEqual([undefined]);
  });

  it("is not repeated when nobody knows what became of it", async () => {
    const server = await FaultServer.start("reset");
    const error = await failure(clientOf([server]).cluster.transferLeader());
    expect(error).toMatchObject({ code: "outcome-unknown", key: null });
    expect(server.asked).toHaveLength(1);
  });

  it("gives a refusal that leaves it open as it is", async () => {
    const server = await FaultServer.start(problem(503, "transfer-failed", { outcome: "unknown" }));
    const error = await failure(clientOf([server]).cluster.transferLeader());
    expect(error).toMatchObject({ code: "transfer-failed", outcome: "unknown" });
  });

  it.each([
    { status: 200, text: "ok\n", ready: true },
    { status: 503, text: "[-]leader failed: none\n", ready: false },
  ])("tells whether a node is ready: $ready", async ({ status, text, ready }) => {
    const server = await FaultServer.start({ status, text });
    const said = await clientOf([server]).cluster.ready();
    expect(said).toEqual({ ready, text: text.trim() });
  });
});

describe("snapshots", () => {
  const bytes = Buffer.from("all counters");
  const sha256 = "sha-256=:46vQu4V9eVe00ZNf3c/yn3Zmw/GmZVCC/vy4ynB9Asc=:";

  it("are refused when they were damaged on their way", async () => {
    const server = await FaultServer.start({
      ...{ status: 200, text: "all kounters", headers: { "content-digest": sha256 } },
    });
    expect(await failure(clientOf([server]).snapshots.save())).toMatchObject({
      code: "reply-invalid",
    });
  });

  it("are put back into the cluster that is named, once", async () => {
    const server = await FaultServer.start("reset", { status: 200, json: { counters: 1 } });
    const snapshot = { bytes: Uint8Array.from(bytes), contentType: "application/x" };
    await clientOf([server]).snapshots.restore(snapshot, { confirm: "c 1" });
    expect(server.asked[1]).toMatchObject({
      ...{ method: "PUT", path: "/v1/snapshot?confirm=c+1", body: "all counters" },
      headers: { "content-type": "application/x", "content-digest": sha256 },
    });
    expect(new Set(server.keys).size).toBe(1);
  });
});
