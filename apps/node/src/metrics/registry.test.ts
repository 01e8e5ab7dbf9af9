import { labelValuesMax, Metrics } from "./registry.ts";
import { operationOf, requestMeter } from "./request-meter.ts";

async function textOf(metrics: Metrics): Promise<string> {
  return (await metrics.scrape("prometheus")).body;
}

describe("what is counted", () => {
  it("is told by the name and labels of the table, in the format that is asked for", async () => {
    const metrics = new Metrics("raft");
    metrics.count("counter_increment_units_total", { mode: "raft" }, 3);
    metrics.set("counter_raft_is_leader", true);
    expect(await textOf(metrics)).toContain('counter_increment_units_total{mode="raft"} 3\n');
    const open = await metrics.scrape("openmetrics");
    expect(open.contentType).toContain("application/openmetrics-text; version=1.0.0");
    expect(open.body).toContain("# TYPE counter_increment_units counter");
    expect(open.body).toMatch(/# EOF\n?$/);
    expect(await textOf(metrics)).toContain("# TYPE counter_increment_units_total counter");
  });

  it("knows no metric of the other mode, and nothing at all when it is off", async () => {
    const metrics = new Metrics("eventual");
    metrics.set("counter_raft_is_leader", true);
    expect(await textOf(metrics)).not.toContain("counter_raft_is_leader");
    const off = new Metrics("raft", { enabled: false });
    off.count("counter_raft_leader_changes_total");
    expect((await textOf(off)).trim()).toBe("");
  });

  it("is sampled before every scrape, and a gauge forgets who is gone", async () => {
    const metrics = new Metrics("raft");
    let peers = ["a", "b"];
    metrics.onScrape(() => {
      metrics.clear("counter_peer_up");
      for (const peer of peers) metrics.set("counter_peer_up", true, { peer });
    });
    expect(await textOf(metrics)).toContain('counter_peer_up{peer="b"} 1');
    peers = ["a"];
    expect(await textOf(metrics)).not.toContain('peer="b"');
  });

  it("does not mix up two scrapes of different formats at a time", async () => {
    const metrics = new Metrics("raft");
    metrics.onScrape(() => new Promise((resolve) => setImmediate(resolve)));
    const [first, second] = await Promise.all([
      metrics.scrape("openmetrics"),
      metrics.scrape("prometheus"),
    ]);
    expect(first.body).toContain("# EOF");
    expect(second.body).not.toContain("# EOF");
  });

  it("goes on after a sampler that failed once", async () => {
    const metrics = new Metrics("raft");
    let broken = true;
    metrics.onScrape(() => {
      if (broken) throw new Error("the disk is away");
    });
    await expect(metrics.scrape("prometheus")).rejects.toThrow("the disk is away");
    broken = false;
    expect(await textOf(metrics)).toContain("counter_counters");
  });

  it("takes so many values of a label from outside, and calls the rest other", () => {
    const metrics = new Metrics("raft");
    for (let place = 0; place < labelValuesMax; place += 1) metrics.bounded("peer", `p${place}`);
    expect(metrics.bounded("peer", "p0")).toBe("p0");
    expect(metrics.bounded("peer", `p${labelValuesMax - 1}`)).toBe(`p${labelValuesMax - 1}`);
    expect(metrics.bounded("peer", "one more")).toBe("other");
    expect(metrics.bounded("another kind", "one more")).toBe("one more");
  });
});

describe("requests", () => {
  const next = { method: "POST", path: "/next" } as const;
  const reply = { status: 200, headers: {}, body: "" };
  const request = { path: "/next", headers: {} };

  async function counted(
    seen: Partial<Parameters<ReturnType<typeof requestMeter>>[0]>,
  ): Promise<string> {
    const metrics = new Metrics("raft");
    const all = { route: next, method: "POST", request, reply, tookMs: 1, ...seen };
    requestMeter(metrics, "raft")(all);
    return textOf(metrics);
  }

  it("are counted by route, method and status, never by their path", async () => {
    const text = await counted({});
    expect(text).toContain(
      'counter_http_requests_total{route="/next",method="POST",code="200"} 1\n',
    );
    expect(text).toContain('counter_operations_total{op="next",mode="raft",outcome="applied"} 1\n');
    expect(await counted({ route: null, method: "BREW" })).toContain(
      'counter_http_requests_total{route="other",method="other",code="200"} 1\n',
    );
  });

  it.each([
    { status: 503, headers: { "counter-outcome": "not-applied" }, outcome: "not-applied" },
    { status: 504, headers: { "counter-outcome": "unknown" }, outcome: "unknown" },
    { status: 200, headers: { "idempotent-replayed": "true" }, outcome: "replayed" },
  ])("with $status are operations with the outcome $outcome", async (given) => {
    const text = await counted({ reply: { ...reply, ...given } });
    expect(text).toContain(`{op="next",mode="raft",outcome="${given.outcome}"} 1\n`);
  });

  it("that another node sent on are no operations here: it has counted them", async () => {
    const text = await counted({ request: { ...request, headers: { "counter-forwarded": "n1" } } });
    expect(text).toContain("counter_http_requests_total{");
    expect(text).not.toContain("counter_operations_total{");
  });

  it.each([
    ["POST", "/v1/counters/:name/add", "add"],
    ["POST", "/v1/counters/:n/next", "next"],
    ["PUT", "/v1/counters/:name/value", "set"],
    ["GET", "/livez", null],
    ["DELETE", "/v1/cluster/members/:id", null],
  ])("%s %s is the operation %s", (method, path, operation) => {
    expect(operationOf(method, path)).toBe(operation);
  });
});
