import { FaultServer } from "./test-support/fault-server.ts";
import { added, clientOf, counter, failure, problem } from "./test-support/replies.ts";

describe("reading a counter", () => {
  it("gives all that the service tells, with every digit (C6)", async () => {
    const server = await FaultServer.start(counter);
    const read = await clientOf([server]).counter("orders").get();
    expect(read).toEqual({
      ...{ name: "orders", mode: "strong", kind: "counter", value: 9007199254740993n },
      ...{ version: "s0-17", initial: 0n, min: null, max: 18446744073709551616n },
      ...{ onBound: "saturate", step: 1n, labels: { team: "shop" }, ttl: "24h" },
      ...{ token: "AgER", stalenessMs: null, stable: null },
    });
  });

  it("says how fresh it must be", async () => {
    const server = await FaultServer.start(counter);
    await clientOf([server])
      .counter("a/b c")
      .get({ consistency: "local", maxStaleness: "2s", atLeast: ["T1", "T2"], waitSeconds: 3 });
    expect(server.asked[0]).toMatchObject({
      path: "/v1/counters/a%2Fb%20c?consistency=local&maxStaleness=2s",
      headers: { "counter-at-least": "T1, T2", prefer: "wait=3" },
    });
  });

  it("is asked again until it is answered", async () => {
    const server = await FaultServer.start("reset", "truncate", problem(500, "internal"), counter);
    await clientOf([server]).counter("orders").get();
    expect(server.asked).toHaveLength(4);
  });

  it("tells whether it has changed", async () => {
    const server = await FaultServer.start({ status: 304 }, counter, { status: 304 }, counter);
    const orders = clientOf([server]).counter("orders");
    expect(await orders.getIfChanged("s0-17")).toBeNull();
    expect(await orders.getIfChanged("s0-16")).toMatchObject({ version: "s0-17" });
    expect(await orders.changed("T1")).toBeNull();
    expect(await orders.changed("T1", { waitSeconds: 1 })).toMatchObject({ version: "s0-17" });
    expect(server.asked[0]!.headers["if-none-match"]).toBe('"s0-17"');
    expect(server.asked[2]).toMatchObject({
      path: "/v1/counters/orders?changedSince=T1",
      headers: { prefer: "wait=30" },
    });
  });

  it.each([
    ["no JSON", { status: 200, text: "hello" }],
    ["no value", { status: 200, json: { name: "orders" } }],
    ["a value with a fraction", { status: 200, json: { name: "orders", value: 1.5 } }],
    ["a value that lost digits", { status: 200, json: { name: "orders", value: 2 ** 53 } }],
    ["a value with too many digits", { status: 200, json: { name: "o", value: "9".repeat(401) } }],
  ])("refuses a reply with %s", async (_, fault) => {
    const server = await FaultServer.start(fault);
    const error = await failure(clientOf([server]).counter("orders").get());
    expect(error).toMatchObject({ name: "InvalidReplyError", code: "reply-invalid" });
  });

  it.each(["", ".", ".."])("refuses the name %p, which no URL can carry", (name) => {
    expect(() => clientOf(["http://127.0.0.1:1"]).counter(name)).toThrow("cannot be called");
  });
});

describe("refusals (C8)", () => {
  it("keeps words and members that this client does not know", async () => {
    const refusal = problem(409, "hitherto-unknown", { retryable: false, colour: "green" });
    const server = await FaultServer.start(refusal);
    const error = await failure(clientOf([server]).counter("orders").get());
    expect(error).toMatchObject({
      ...{ name: "ProblemError", code: "hitherto-unknown", status: 409 },
      problem: { colour: "green" },
    });
  });

  it("makes something of a refusal that is no problem", async () => {
    const server = await FaultServer.start({ status: 403, text: "Forbidden by the proxy" });
    const error = await failure(clientOf([server]).counter("orders").add(1n));
    expect(error).toMatchObject({ code: "http-403", message: "Forbidden by the proxy" });
  });

  it.each([
    [problem(404, "counter-not-found"), { name: "NotFoundError", status: 404 }],
    [
      problem(412, "version-mismatch", { current: "7", currentVersion: "s0-9" }),
      { name: "VersionMismatchError", current: 7n, currentVersion: "s0-9" },
    ],
    [problem(412, "version-mismatch", { current: null }), { current: null }],
    [problem(409, "bound-exceeded", { current: "2" }), { name: "BoundExceededError", current: 2n }],
  ])("gives %j as its own class", async (fault, expected) => {
    const server = await FaultServer.start(fault);
    const error = await failure(clientOf([server]).counter("orders").compareAndSet(1n, 2n));
    expect(error).toMatchObject(expected);
  });
});

describe("signals and time (C7)", () => {
  it("ends a call that waits for an answer, and says what may have happened", async () => {
    const server = await FaultServer.start("hang");
    const { signal, abort } = controller();
    const orders = clientOf([server]).counter("orders");
    const writing = failure(orders.add(1n, { signal, key: "k" }));
    await server.wasAsked(1);
    abort();
    expect(await writing).toMatchObject({ name: "AbortError", outcome: "unknown", key: "k" });
  });

  it("ends a call between two attempts", async () => {
    const busy = problem(503, "overloaded", { retryAfterMs: 50_000 });
    const server = await FaultServer.start(busy);
    const { signal, abort } = controller();
    // The reply has been read by then, and the pause begins.
    const onAttempt = (): void => void setImmediate(abort);
    const client = clientOf([server], { onAttempt });
    const writing = failure(client.counter("orders").add(1n, { signal }));
    expect(await writing).toMatchObject({ name: "AbortError", outcome: "not-applied" });
  });

  it("sends nothing when the signal was given before", async () => {
    const server = await FaultServer.start(added);
    const signal = AbortSignal.abort(new Error("no"));
    const error = await failure(clientOf([server]).counter("orders").add(1n, { signal }));
    expect(error).toMatchObject({ name: "AbortError", outcome: "not-applied" });
    expect(server.asked).toHaveLength(0);
  });

  it("ends by itself when its time is up", async () => {
    const server = await FaultServer.start("hang");
    const error = await failure(clientOf([server]).counter("orders").get({ timeoutMs: 200 }));
    expect(error).toMatchObject({ name: "UnreachableError", retryable: true });
  });

  it("says what the service said, also when its time is up during a later attempt", async () => {
    const server = await FaultServer.start(problem(503, "no-leader"), "hang");
    const client = clientOf([server], { timeoutMs: 2000, attemptTimeoutMs: 60_000 });
    expect(await failure(client.counter("orders").get())).toMatchObject({ code: "no-leader" });
    expect(server.asked).toHaveLength(2);
  });

  it("says so also when the timer of that attempt runs a little early, as it may", async () => {
    const { status, json, headers = {} } = problem(503, "no-leader");
    for (let turn = 0; turn < 100; turn += 1) {
      let asked = 0;
      const send: typeof fetch = (_url, init) => {
        asked += 1;
        if (asked === 1)
          return Promise.resolve(new Response(JSON.stringify(json), { status, headers }));
        return new Promise((_resolve, reject) => {
          const { signal } = init ?? {};
          signal?.addEventListener("abort", () => reject(new Error("cut short")));
        });
      };
      const client = clientOf(["http://127.0.0.1:1"], { timeoutMs: 12.7, fetch: send });
      const error = await failure(client.counter("orders").get());
      expect(error).toMatchObject({ code: "no-leader" });
    }
  });
});

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const own = new AbortController();
  return { signal: own.signal, abort: () => own.abort(new Error("enough")) };
}
