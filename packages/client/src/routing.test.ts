import { Endpoints, restFirstMs, restMaxMs } from "./endpoints.ts";
import { FaultServer } from "./test-support/fault-server.ts";
import { added, clientOf, counter, failure, problem } from "./test-support/replies.ts";

const urls = ["http://a:1", "http://b:1", "http://c:1"];
const any = { leader: false, avoid: null };
const lead = { leader: true, avoid: null };

describe("which endpoint is asked (C5)", () => {
  it("stays at home while all is well", () => {
    const endpoints = new Endpoints(urls, 1);
    expect(endpoints.pick(0, any)).toBe("http://b:1");
    expect(endpoints.pick(9, any)).toBe("http://b:1");
  });

  it("asks the leader for what only a leader can do, and nobody else", () => {
    const endpoints = new Endpoints(urls, 0);
    endpoints.led("c:1~ef275d87");
    expect(endpoints.pick(0, lead)).toBe("http://c:1");
    expect(endpoints.pick(0, any)).toBe("http://a:1");
  });

  it("leaves an endpoint that fails alone, longer each time up to a limit", () => {
    const endpoints = new Endpoints(urls.slice(0, 2), 0);
    endpoints.failed("http://a:1", 0, null);
    expect(endpoints.pick(restFirstMs - 1, any)).toBe("http://b:1");
    for (let failures = 0; failures < 30; failures += 1) {
      endpoints.failed("http://b:1", 0, null);
    }
    expect(endpoints.hasOther(restMaxMs - 1, "http://a:1")).toBe(false);
    expect(endpoints.hasOther(restMaxMs, "http://a:1")).toBe(true);
  });

  it("asks whoever rests least when all rest, and another one than just now", () => {
    const endpoints = new Endpoints(urls, 0);
    endpoints.failed("http://a:1", 0, 300);
    endpoints.failed("http://b:1", 0, 100);
    endpoints.failed("http://c:1", 0, 200);
    expect(endpoints.pick(1, any)).toBe("http://b:1");
    expect(endpoints.pick(1, { leader: false, avoid: "http://b:1" })).toBe("http://c:1");
  });

  it("forgets a leader that fails", () => {
    const endpoints = new Endpoints(urls, 0);
    endpoints.led("b:1");
    endpoints.failed("http://b:1", 0, null);
    expect(endpoints.leader).toBeNull();
  });
});

describe("the leader, as replies tell of it", () => {
  it("is asked directly once it is known", async () => {
    const leader = await FaultServer.start(added);
    const follower = await FaultServer.start({
      ...added,
      headers: { "counter-served-by": leader.address },
    });
    const client = clientOf([follower, leader]);
    for (let round = 0; round < 4; round += 1) await client.counter("orders").add(5n);
    expect(follower.asked.length).toBeLessThanOrEqual(1);
    expect(leader.asked.length).toBeGreaterThanOrEqual(3);
  });

  it("is found by a redirect, with method, body and key as they were", async () => {
    const leader = await FaultServer.start(added);
    const headers = { location: `${leader.url}/v1/counters/orders/add` };
    const follower = await FaultServer.start({ status: 307, headers });
    // A client keeps to who answered it, and the first one it asks is drawn: another client.
    while (follower.asked.length === 0) {
      const client = clientOf([follower, leader], { token: "secret" });
      await client.counter("orders").add(5n, { key: null });
    }
    const seen = leader.asked.at(-1)!;
    expect(seen).toMatchObject({ method: "POST", body: '{"delta":"5"}' });
    expect(seen.headers.authorization).toBe("Bearer secret");
  });

  it("is not followed to a stranger, who would get the token", async () => {
    const stranger = await FaultServer.start(added);
    const headers = { location: `${stranger.url}/v1/counters/orders/add` };
    const follower = await FaultServer.start({ status: 307, headers });
    const client = clientOf([follower], { timeoutMs: 2000, token: "secret" });
    const error = await failure(client.counter("orders").add(5n));
    expect(error).toMatchObject({ code: "unreachable", outcome: "not-applied" });
    expect(String(error)).toContain("which is none of the endpoints");
    expect(stranger.asked).toHaveLength(0);
  });

  it("is not needed for reads of a node's own copy", async () => {
    const leader = await FaultServer.start(counter);
    const home = await FaultServer.start({
      ...counter,
      headers: { "counter-leader": leader.address },
    });
    const client = clientOf([home, leader]);
    const orders = client.counter("orders");
    for (let round = 0; round < 4; round += 1) await orders.get({ consistency: "local" });
    expect([home.asked.length, leader.asked.length].sort()).toEqual([0, 4]);
  });
});

describe("a node that is about to stop", () => {
  it("is left alone as long as it asks, while the others are used", async () => {
    const draining = await FaultServer.start(problem(503, "draining", { retryAfterMs: 9000 }));
    const well = await FaultServer.start(added);
    const client = clientOf([draining, well]);
    for (let round = 0; round < 4; round += 1) await client.counter("orders").add(5n);
    expect(draining.asked.length).toBeLessThanOrEqual(1);
    expect(well.asked).toHaveLength(4);
  });
});
