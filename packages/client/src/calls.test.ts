import { batchMax, type BatchOperation } from "./index.ts";
import { FaultServer, type Asked, type Fault } from "./test-support/fault-server.ts";
import { added, clientOf, counter, failure, problem } from "./test-support/replies.ts";
import type { CounterHandle } from "./counter.ts";

const stored = { status: 200, json: { name: "o", value: "9", previous: "5", version: "s0-2" } };
const issued = {
  status: 200,
  json: { name: "o", first: "10", last: "30", count: "3", step: "10", version: "s0-3" },
};

interface Row {
  readonly call: string;
  readonly run: (counter: CounterHandle) => Promise<unknown>;
  readonly fault: Fault;
  readonly asks: string;
  readonly body: unknown;
}

const rows: readonly Row[] = [
  {
    ...{ call: "add", run: (c) => c.add(2n ** 70n, { onBound: "saturate" }), fault: added },
    ...{ asks: "POST /v1/counters/o/add" },
    body: { delta: "1180591620717411303424", onBound: "saturate" },
  },
  {
    ...{ call: "increment", run: (c) => c.increment(), fault: added },
    ...{ asks: "POST /v1/counters/o/increment", body: { by: "1" } },
  },
  {
    ...{ call: "decrement", run: (c) => c.decrement(3), fault: added },
    ...{ asks: "POST /v1/counters/o/decrement", body: { by: "3" } },
  },
  {
    ...{ call: "next", run: (c) => c.next({ count: 3 }), fault: issued },
    ...{ asks: "POST /v1/counters/o/next", body: { count: "3" } },
  },
  {
    ...{ call: "cas", run: (c) => c.compareAndSet(5n, 9n), fault: stored },
    ...{ asks: "POST /v1/counters/o/cas", body: { expected: "5", value: "9" } },
  },
  {
    ...{ call: "set", run: (c) => c.set(-9n), fault: stored },
    ...{ asks: "PUT /v1/counters/o/value", body: { value: "-9" } },
  },
  {
    ...{ call: "reset", run: (c) => c.reset(), fault: stored },
    ...{ asks: "POST /v1/counters/o/reset", body: {} },
  },
  {
    ...{ call: "reset to", run: (c) => c.reset({ to: 1 }), fault: stored },
    ...{ asks: "POST /v1/counters/o/reset", body: { to: "1" } },
  },
  {
    ...{ call: "configure", fault: counter, asks: "PATCH /v1/counters/o" },
    run: (c) => c.configure({ min: null, max: 10n, labels: { team: null } }),
    body: { min: null, max: "10", labels: { team: null } },
  },
  {
    ...{ call: "create", fault: { ...counter, status: 201 }, asks: "POST /v1/counters" },
    run: (c) => c.create({ kind: "sequence", initial: 100n, step: 10, ttl: "24h" }),
    body: { name: "o", kind: "sequence", initial: "100", step: "10", ttl: "24h" },
  },
  {
    ...{ call: "delete", run: (c) => c.delete(), fault: { status: 204 } },
    ...{ asks: "DELETE /v1/counters/o", body: null },
  },
];

const bodyOf = ({ body }: Asked): unknown => (body === "" ? null : JSON.parse(body));

describe("what each call sends", () => {
  it.each(rows)("$call", async ({ run, fault, asks, body }) => {
    const server = await FaultServer.start(fault);
    await run(clientOf([server]).counter("o"));
    const [asked] = server.asked;
    expect(`${asked!.method} ${asked!.path}`).toBe(asks);
    expect(bodyOf(asked!)).toEqual(body);
  });

  it("names the version that a write expects", async () => {
    const server = await FaultServer.start(stored);
    const o = clientOf([server]).counter("o");
    await o.set(1n, { ifMatch: "s0-17" });
    await o.set(1n, { ifMatch: "*" });
    expect(server.asked.map(({ headers }) => headers["if-match"])).toEqual(['"s0-17"', "*"]);
  });

  it("says how far an addition must have spread, and tells how far it has", async () => {
    const durability = { requested: "majority", achieved: 2, storage: "file" };
    const json = { ...added.json, durability, stable: "4" };
    const server = await FaultServer.start({ ...added, json });
    const result = await clientOf([server]).counter("o").add(1n, { ack: "majority" });
    expect([result.durability, result.stable]).toEqual([durability, 4n]);
    expect(server.asked[0]!.path).toBe("/v1/counters/o/add?ack=majority");
  });
});

describe("a block of numbers", () => {
  it("is each of them when it is gone through", async () => {
    const server = await FaultServer.start(issued);
    const block = await clientOf([server]).counter("o").next({ count: 3 });
    expect([...block]).toEqual([10n, 20n, 30n]);
    expect(block).toMatchObject({ first: 10n, last: 30n, count: 3n, step: 10n });
  });

  it("is refused when its ends do not fit its count", async () => {
    const server = await FaultServer.start({
      ...issued,
      json: { ...issued.json, last: "31" },
    });
    expect(await failure(clientOf([server]).counter("o").next())).toMatchObject({
      code: "reply-invalid",
    });
  });
});

describe("the list of counters", () => {
  const page = (names: readonly string[], next: string | null): Fault => {
    const items = names.map((name) => ({ ...counter.json, name }));
    return { status: 200, json: { items, next } };
  };

  it("goes through all pages", async () => {
    const server = await FaultServer.start(page(["a", "b"], "c1"), page(["c"], null));
    const names: string[] = [];
    const client = clientOf([server]);
    for await (const { name } of client.list({ prefix: "x y", pageSize: 2 })) names.push(name);
    expect(names).toEqual(["a", "b", "c"]);
    expect(server.asked.map(({ path }) => path)).toEqual([
      "/v1/counters?prefix=x+y&limit=2",
      "/v1/counters?prefix=x+y&limit=2&cursor=c1",
    ]);
  });

  it("does not turn in a circle", async () => {
    const server = await FaultServer.start(page(["a"], "c1"));
    const run = async (): Promise<void> => {
      for await (const each of clientOf([server]).list()) expect(each.name).toBe("a");
    };
    expect(await failure(run())).toMatchObject({ code: "reply-invalid" });
  });
});

describe("several operations at once", () => {
  it("have one result each, of their own kind", async () => {
    const refusal = problem(409, "bound-exceeded", { current: "2" });
    const results = [
      { status: 200, ...added.json },
      { status: 200, ...issued.json },
      { status: 409, ...(refusal as { readonly json: object }).json },
      { status: 201, ...counter.json },
      { status: 204 },
    ];
    const server = await FaultServer.start({ status: 200, json: { results } });
    const answers = await clientOf([server]).batch(
      [
        { op: "add", counter: "a", delta: 5, key: "k1" },
        { op: "next", counter: "b" },
        { op: "cas", counter: "c", expected: 1, value: 2n },
        { op: "create", counter: "d", config: { max: 5n } },
        { op: "delete", counter: "e" },
      ],
      { atomic: false, key: "all" },
    );
    expect(answers).toMatchObject([
      { op: "add", ok: true, result: { value: 5n } },
      { op: "next", ok: true, result: { first: 10n } },
      { op: "cas", ok: false, error: { code: "bound-exceeded", current: 2n } },
      { op: "create", ok: true, result: { name: "orders" } },
      { op: "delete", ok: true, result: null },
    ]);
    expect(bodyOf(server.asked[0]!)).toEqual({
      ops: [
        { op: "add", counter: "a", key: "k1", delta: "5" },
        { op: "next", counter: "b", count: "1" },
        { op: "cas", counter: "c", expected: "1", value: "2" },
        { op: "create", counter: "d", max: "5" },
        { op: "delete", counter: "e" },
      ],
      atomic: false,
    });
    expect(server.keys).toEqual(["all"]);
  });

  it("are at least one, and no more than the service takes", async () => {
    const server = await FaultServer.start({ status: 200, json: { results: [] } });
    const ops = Array.from({ length: batchMax + 1 }, (): BatchOperation => {
      return { op: "next", counter: "o" };
    });
    const client = clientOf([server]);
    expect(await failure(client.batch(ops))).toMatchObject({ code: "invalid-argument" });
    expect(await failure(client.batch([]))).toMatchObject({ code: "invalid-argument" });
    const long = "x".repeat(2 ** 20);
    expect(await failure(client.batch([{ op: "next", counter: long }]))).toMatchObject({
      code: "invalid-argument",
    });
    expect(server.asked).toHaveLength(0);
    expect(await failure(client.batch(ops.slice(1)))).toMatchObject({ code: "reply-invalid" });
  });
});
