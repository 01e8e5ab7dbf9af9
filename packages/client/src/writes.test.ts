import { QuotaExceededError } from "./errors.ts";
import { FaultServer, deadEndpoint } from "./test-support/fault-server.ts";
import { added, clientOf, failure, problem } from "./test-support/replies.ts";

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("keys of writes (C1)", () => {
  it("gives every write a new UUIDv7", async () => {
    const server = await FaultServer.start(added);
    const orders = clientOf([server]).counter("orders");
    await orders.add(5n);
    await orders.increment();
    await orders.set(5n);
    expect(server.keys).toHaveLength(3);
    for (const key of server.keys) expect(key).toMatch(uuid7);
    expect(new Set(server.keys).size).toBe(3);
  });

  it("sends the caller's key, or none if there is to be none", async () => {
    const server = await FaultServer.start(added);
    const orders = clientOf([server]).counter("orders");
    await orders.add(5n, { key: "job-7" });
    await orders.add(5n, { key: null });
    expect(server.keys).toEqual(["job-7", undefined]);
  });

  it.each(["", "with space", "x".repeat(256), 'quo"te', "naïve"])(
    "refuses the key %p before anything is sent",
    async (key) => {
      const server = await FaultServer.start(added);
      const error = await failure(clientOf([server]).counter("orders").add(1n, { key }));
      expect(error).toMatchObject({ code: "invalid-argument", outcome: "not-applied" });
      expect(server.asked).toHaveLength(0);
    },
  );

  it("takes a key of 255 characters", async () => {
    const server = await FaultServer.start(added);
    await clientOf([server])
      .counter("orders")
      .add(1n, { key: "k".repeat(255) });
    expect(server.keys).toEqual(["k".repeat(255)]);
  });
});

describe("a write with a key is sent until it is answered (C2)", () => {
  it.each([
    ["a connection that is reset", "reset"],
    ["a reply that ends in the middle", "truncate"],
    ["an unknown outcome", problem(504, "outcome-unknown")],
    ["no leader", problem(503, "no-leader", { retryAfterMs: 1 })],
    ["a proxy's bad gateway", { status: 502, text: "Bad Gateway" }],
  ] as const)("goes on after %s, with the same key", async (_, fault) => {
    const server = await FaultServer.start(fault, fault, added);
    const result = await clientOf([server]).counter("orders").add(5n);
    expect(result).toMatchObject({ value: 5n, applied: 5n, previous: 0n, version: "s0-1" });
    expect(server.keys).toHaveLength(3);
    expect(new Set(server.keys).size).toBe(1);
  });

  it("asks another endpoint when one does not answer", async () => {
    const silent = await FaultServer.start("hang");
    const well = await FaultServer.start(added);
    const client = clientOf([silent, well, await deadEndpoint()], { attemptTimeoutMs: 500 });
    for (let round = 0; round < 3; round += 1) await client.counter("orders").add(5n);
    expect(well.asked).toHaveLength(3);
  });

  it("waits as long as the service asks, and not less", async () => {
    const busy = problem(503, "overloaded", { retryAfterMs: 300 });
    const server = await FaultServer.start(busy, added);
    const began = performance.now();
    await clientOf([server]).counter("orders").add(5n);
    expect(performance.now() - began).toBeGreaterThanOrEqual(299);
  });

  it.each([undefined, null])("waits for its quota and goes on, also without a key", async (key) => {
    const used = problem(429, "quota-exceeded", { retryAfterMs: 300, retryable: true });
    const server = await FaultServer.start(used, added);
    const began = performance.now();
    await clientOf([server])
      .counter("orders")
      .add(5n, key === undefined ? {} : { key });
    expect(performance.now() - began).toBeGreaterThanOrEqual(299);
    expect(server.asked).toHaveLength(2);
  });

  it("says whose quota is used up, and when to come back, if there is no time to wait", async () => {
    const more = { "violated-policies": ["principal"], retryable: true };
    const headers = { "retry-after": "450" };
    const server = await FaultServer.start({ ...problem(429, "quota-exceeded", more), headers });
    const error = await failure(clientOf([server]).counter("orders").add(5n));
    expect(error).toBeInstanceOf(QuotaExceededError);
    expect(error).toMatchObject({
      code: "quota-exceeded",
      outcome: "not-applied",
      retryable: true,
      violatedPolicies: ["principal"],
      retryAfterMs: 450_000,
    });
    expect(server.asked).toHaveLength(1);
  });

  it("gives up at once when the service asks for more time than there is", async () => {
    const busy = { ...problem(503, "overloaded"), headers: { "retry-after": "3600" } };
    const server = await FaultServer.start(busy);
    const error = await failure(clientOf([server]).counter("orders").add(5n));
    expect(error).toMatchObject({ code: "overloaded", outcome: "not-applied", retryable: true });
    expect(server.asked).toHaveLength(1);
  });

  it("makes no more attempts than it may", async () => {
    const server = await FaultServer.start(problem(503, "no-leader", { retryAfterMs: 1 }));
    const retry = { attemptsMax: 3, backoffMs: 1, backoffMaxMs: 1 };
    const error = await failure(clientOf([server], { retry }).counter("orders").add(5n));
    expect(error).toMatchObject({ code: "no-leader", attempts: 3 });
    expect(server.asked).toHaveLength(3);
  });
});

describe("a write without a key (C3)", () => {
  it.each([
    ["the connection is reset", "reset"],
    ["the reply ends in the middle", "truncate"],
    ["a proxy answers 502", { status: 502, text: "Bad Gateway" }],
    ["the outcome is unknown", problem(504, "outcome-unknown")],
  ] as const)("is not sent again when %s", async (_, fault) => {
    const server = await FaultServer.start(fault, added);
    const error = await failure(clientOf([server]).counter("orders").add(5n, { key: null }));
    expect(error).toMatchObject({ name: "OutcomeUnknownError", key: null, retryable: false });
    expect(server.asked).toHaveLength(1);
  });

  it("goes elsewhere when nobody listens, since nothing has left", async () => {
    const server = await FaultServer.start(added);
    const dead = [await deadEndpoint(), await deadEndpoint(), await deadEndpoint()];
    const client = clientOf([...dead, server]);
    await client.counter("orders").add(5n, { key: null });
    expect(server.asked).toHaveLength(1);
  });

  it("is sent again when the service says that nothing was done", async () => {
    const server = await FaultServer.start(problem(503, "starting", { retryAfterMs: 1 }), added);
    await clientOf([server]).counter("orders").add(5n, { key: null });
    expect(server.asked).toHaveLength(2);
  });
});

describe("an outcome that stays unknown (C4)", () => {
  it("is told with the key, under which the write can be resumed", async () => {
    const server = await FaultServer.start("reset");
    const client = clientOf([server], { timeoutMs: 300 });
    const error = await failure(client.counter("orders").add(5n));
    expect(error).toMatchObject({
      ...{ name: "OutcomeUnknownError", code: "outcome-unknown", outcome: "unknown" },
      ...{ retryable: true, key: server.keys[0] },
    });
    server.answersWith(added);
    const key = String(server.keys[0]);
    await expect(clientOf([server]).counter("orders").add(5n, { key })).resolves.toMatchObject({
      value: 5n,
    });
  });

  it("is not hidden by a refusal of a later attempt", async () => {
    const server = await FaultServer.start("reset", problem(401, "unauthenticated"));
    const error = await failure(clientOf([server]).counter("orders").add(5n));
    expect(error).toMatchObject({ outcome: "unknown", cause: { code: "unauthenticated" } });
  });

  it("is settled by a refusal that the service remembers", async () => {
    const full = problem(409, "bound-exceeded", { current: "9", retryable: false });
    const server = await FaultServer.start("reset", full);
    const error = await failure(clientOf([server]).counter("orders").add(5n));
    expect(error).toMatchObject({
      name: "BoundExceededError",
      outcome: "not-applied",
      current: 9n,
    });
  });

  it("is not claimed when nothing can have happened", async () => {
    const client = clientOf([await deadEndpoint()], { timeoutMs: 300 });
    const error = await failure(client.counter("orders").add(5n));
    expect(error).toMatchObject({ name: "UnreachableError", outcome: "not-applied" });
  });
});
