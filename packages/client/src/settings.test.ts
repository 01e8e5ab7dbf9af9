import {
  CounterClient,
  InvalidArgumentError,
  endpointsMax,
  newKey,
  toNumberSafe,
  type ClientOptions,
} from "./index.ts";
import { digitsMax, parseInteger, toBigInt } from "./numbers.ts";
import { replyMaxBytes, settingsOf } from "./options.ts";
import { FaultServer } from "./test-support/fault-server.ts";
import { added, clientOf, failure } from "./test-support/replies.ts";

const well: ClientOptions = { endpoints: ["http://127.0.0.1:8080"] };

describe("how a client is set up", () => {
  it.each([
    { endpoints: [] },
    { endpoints: Array.from({ length: endpointsMax + 1 }, (_, at) => `http://n${at}`) },
    { endpoints: ["127.0.0.1:8080"] },
    { endpoints: ["ftp://127.0.0.1"] },
    { endpoints: ["http://user:secret@127.0.0.1"] },
    { endpoints: ["http://127.0.0.1?x=1"] },
    { ...well, timeoutMs: 0 },
    { ...well, timeoutMs: NaN },
    { ...well, timeoutMs: 86_400_001 },
    { ...well, retry: { attemptsMax: 0 } },
    { ...well, retry: { backoffMs: 10, backoffMaxMs: 9 } },
  ])("refuses %j", (options) => {
    expect(() => new CounterClient(options)).toThrow(InvalidArgumentError);
  });

  it("takes as many endpoints as it may, a path before the calls, and each only once", () => {
    const endpoints = Array.from({ length: endpointsMax }, (_, at) => `http://n${at}`);
    expect(new CounterClient({ endpoints }).endpoints).toHaveLength(endpointsMax);
    const same = ["https://x.example/counters/", "https://x.example/counters"];
    expect(settingsOf({ endpoints: same }).endpoints).toEqual(["https://x.example/counters"]);
  });

  it("sends the token that is asked for each time, and further headers", async () => {
    const server = await FaultServer.start(added);
    let turn = 0;
    const token = async (): Promise<string> => `t${(turn += 1)}`;
    const orders = clientOf([server], { token, headers: { traceparent: "00-1" } }).counter("o");
    await orders.add(1n);
    await orders.add(1n);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer t1",
      "Bearer t2",
    ]);
    expect(server.asked[0]!.headers["traceparent"]).toBe("00-1");
  });

  it("shows every attempt", async () => {
    const server = await FaultServer.start("reset", added);
    const results: string[] = [];
    const client = clientOf([server], {
      onAttempt: ({ attempt, status, result }) => {
        results.push(`${attempt} ${status ?? "-"} ${status === null ? "lost" : result}`);
      },
    });
    await client.counter("o").add(1n);
    expect(results).toEqual(["1 - lost", "2 200 answered"]);
  });

  it.each([
    { more: 0, refused: false },
    { more: 1, refused: true },
  ])(
    "reads replies up to their limit, and $more byte beyond: $refused",
    async ({ more, refused }) => {
      const head = '{"name":"o","value":"1","x":"';
      const text = `${head}${"x".repeat(replyMaxBytes - head.length - 2 + more)}"}`;
      const headers = { "content-type": "application/json" };
      const server = await FaultServer.start({ status: 200, text, headers });
      const reading = clientOf([server]).counter("o").get();
      if (refused) expect(await failure(reading)).toMatchObject({ code: "reply-invalid" });
      else expect((await reading).value).toBe(1n);
    },
  );
});

describe("numbers (C6)", () => {
  it.each([
    [5, 5n],
    [-5n, -5n],
    [Number.MAX_SAFE_INTEGER, 9007199254740991n],
  ])("takes %p", (given, expected) => expect(toBigInt(given, "x")).toBe(expected));

  it.each([1.5, NaN, 2 ** 53, Infinity])("refuses %p, which is no safe integer", (given) => {
    expect(() => toBigInt(given, "x")).toThrow("safe integer");
  });

  it.each([
    ["0", 0n],
    ["-1", -1n],
    ["9".repeat(digitsMax), 10n ** BigInt(digitsMax) - 1n],
    ["9".repeat(digitsMax + 1), null],
    ["01", null],
    ["+1", null],
    ["1e3", null],
    ["", null],
    [null, null],
    [7, 7n],
    [2 ** 53, null],
  ])("reads %p as %p", (given, expected) => expect(parseInteger(given)).toBe(expected));

  it("makes a number only where it keeps its digits", () => {
    expect(toNumberSafe(9007199254740991n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => toNumberSafe(9007199254740992n)).toThrow(RangeError);
  });
});

describe("keys", () => {
  it("begin with the time, and are all different", () => {
    const before = Date.now();
    const keys = Array.from({ length: 1000 }, newKey);
    const time = Number.parseInt(keys[0]!.replaceAll("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
    expect(new Set(keys).size).toBe(1000);
  });
});
