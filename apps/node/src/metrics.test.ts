import { metricSpecs, type MetricSpec } from "./metrics/specs.ts";
import { call } from "./test-support/calling.ts";
import { EventualNodes } from "./test-support/eventual-nodes.ts";
import { TestNodes } from "./test-support/test-node.ts";

const nodes = new TestNodes();
const eventual = new EventualNodes();
afterEach(async () => {
  await Promise.all([nodes.end(), eventual.end()]);
});

async function metricsOf(url: string): Promise<string> {
  const reply = await fetch(`${url}/metrics`);
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return reply.text();
}

function namesOf(mode: "raft" | "eventual"): string[] {
  return Object.entries<MetricSpec>(metricSpecs)
    .filter(([, spec]) => spec.mode === undefined || spec.mode === mode)
    .map(([name]) => name);
}

/** The value of a line without labels, or with these. */
function valueOf(text: string, line: string): number {
  const found = text.split("\n").find((other) => other.startsWith(`${line} `));
  if (found === undefined) throw new Error(`there is no ${line} in\n${text}`);
  return Number(found.slice(line.length + 1));
}

describe("GET /metrics", () => {
  it("tells of a node in Raft mode what the table says, with figures that hold", async () => {
    const { url } = await nodes.single("--metrics-counters=default");
    for (let i = 0; i < 3; i += 1) await fetch(`${url}/next`, { method: "POST" });
    const text = await metricsOf(url);
    for (const name of namesOf("raft")) expect(text).toContain(`# TYPE ${name} `);
    expect(valueOf(text, "counter_raft_is_leader")).toBe(1);
    expect(valueOf(text, "counter_raft_has_leader")).toBe(1);
    expect(valueOf(text, "counter_raft_leader_changes_total")).toBe(1);
    expect(valueOf(text, 'counter_increment_units_total{mode="raft"}')).toBe(3);
    expect(valueOf(text, 'counter_value{counter="default"}')).toBe(3);
    expect(valueOf(text, "counter_combined_batch_size_count")).toBe(3);
    expect(valueOf(text, "counter_wal_fsync_duration_seconds_count")).toBeGreaterThanOrEqual(3);
    expect(valueOf(text, "counter_wal_bytes")).toBeGreaterThan(0);
    expect(valueOf(text, "counter_data_dir_free_bytes")).toBeGreaterThan(0);
    expect(valueOf(text, "counter_ready")).toBe(1);
    expect(valueOf(text, "process_resident_memory_bytes")).toBeGreaterThan(0);
  });

  it("counts what was refused before its body was read, too", async () => {
    const { url } = await nodes.single();
    const headers = { "Sec-Fetch-Site": "cross-site" };
    const refused = await call(`${url}/next`, { method: "POST", headers });
    expect(refused.status).toBe(403);
    const line = 'counter_http_requests_total{route="/next",method="POST",code="403"}';
    expect(valueOf(await metricsOf(url), line)).toBe(1);
  });

  it("tells of nodes in eventual mode who is up, who lacks what, and what was compared", async () => {
    const [one, two] = await eventual.mesh(2);
    const headers = { "idempotency-key": "k1" };
    for (let i = 0; i < 2; i += 1) {
      await fetch(`${one!.url}/increment?ack=all`, { method: "POST", headers });
    }
    const text = await metricsOf(one!.url);
    for (const name of namesOf("eventual")) expect(text).toContain(`# TYPE ${name} `);
    const peer = two!.config.address;
    expect(valueOf(text, `counter_peer_up{peer="${peer}"}`)).toBe(1);
    expect(valueOf(text, `counter_peer_lag_records{peer="${peer}"}`)).toBe(0);
    expect(valueOf(text, 'counter_increment_units_total{mode="eventual"}')).toBe(1);
    expect(valueOf(text, "counter_idempotent_replays_total")).toBe(1);
    expect(valueOf(text, "counter_idempotency_keys")).toBe(1);
    expect(text).toMatch(/counter_anti_entropy_rounds_total\{result="(equal|repaired)"\} [1-9]/);
    expect(valueOf(text, "counter_divergence_detected_total")).toBe(0);
  });

  it("is not there with --metrics=off, and the node counts all the same", async () => {
    const { url } = await nodes.single("--metrics=off");
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect(await (await fetch(`${url}/next`, { method: "POST" })).text()).toBe("1\n");
  });

  it("answers OpenMetrics to who accepts it", async () => {
    const { url } = await nodes.single();
    const reply = await fetch(`${url}/metrics`, {
      headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" },
    });
    expect(reply.headers.get("content-type")).toContain("application/openmetrics-text");
    expect(await reply.text()).toContain("# EOF");
  });
});

describe("while it runs", () => {
  it("says in a problem which trace it belongs to", async () => {
    const { url } = await nodes.single();
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const headers = {
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      accept: "application/json",
    };
    const refused = await fetch(`${url}/get?consistency=odd`, { headers });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ traceId });
    const unknown: unknown = await (await fetch(`${url}/v1/nothing`)).json();
    expect(unknown).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
  });

  it("logs more or less from now on, as it is asked to", async () => {
    const { url, lines } = await eventual.single();
    const path = `${url}/v1/node/log-level`;
    const put = (body: string): Promise<Response> =>
      fetch(path, { method: "PUT", headers: { "content-type": "application/json" }, body });
    expect((await put('{"level": "loud"}')).status).toBe(400);
    expect(await (await put('{"level": "debug"}')).json()).toEqual({ level: "debug" });
    await fetch(`${url}/get`);
    const text = (): string => lines.join("\n");
    expect(text()).toContain("the log level is debug from now on");
    expect(text()).toContain("GET /get 200");
    expect(await (await put('{"level": "error"}')).json()).toEqual({ level: "error" });
    expect(await (await fetch(path)).json()).toEqual({ level: "error" });
  });
});
