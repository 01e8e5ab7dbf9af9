import fc from "fast-check";

import { BothModes } from "../../test-support/both-modes.ts";

const both = new BothModes();
const { modes } = both;

afterAll(() => both.end());

const writes = [
  { method: "POST", path: "/v1/counters" },
  { method: "PATCH", path: "/v1/counters/kept" },
  { method: "POST", path: "/v1/counters/kept/add" },
  { method: "POST", path: "/v1/counters/kept/increment" },
  { method: "POST", path: "/v1/counters/kept/decrement" },
  { method: "POST", path: "/v1/counters/kept/next" },
  { method: "POST", path: "/v1/counters/kept/cas" },
  { method: "PUT", path: "/v1/counters/kept/value" },
  { method: "POST", path: "/v1/counters/kept/reset" },
  { method: "POST", path: "/v1/batch" },
  { method: "PUT", path: "/v1/snapshot?confirm=nobody" },
] as const;

/** Names that mean something somewhere, so that what is sent is nearly right. */
const memberName = fc.constantFrom(
  ...["delta", "by", "value", "expected", "count", "to", "name", "kind", "min", "max", "labels"],
  ...[
    "ttl",
    "step",
    "onBound",
    "ops",
    "atomic",
    "op",
    "counter",
    "key",
    "__proto__",
    "constructor",
  ],
);

const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(
      null,
      true,
      Infinity,
      2 ** 53,
      0.5,
      "1e3",
      "+1",
      "01",
      "",
      "NaN",
      "counter",
    ),
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.constantFrom("9".repeat(321), "-".repeat(4), "\ud800"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(memberName, tie("value"), { maxKeys: 4 }),
  ),
}));

const body = fc.oneof(
  anything.map((value) => JSON.stringify(value)),
  fc.string({ maxLength: 40 }),
  fc.constant("["),
);

const visible = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  .map((text) => text.trim());

const headers = fc.record(
  {
    "content-type": fc.constantFrom(
      "application/json",
      "text/plain",
      "application/merge-patch+json",
    ),
    "if-match": visible,
    "if-none-match": visible,
    "idempotency-key": visible,
    prefer: visible,
    accept: fc.oneof(visible, fc.constant("application/json")),
    "counter-at-least": visible,
  },
  { requiredKeys: ["content-type"] },
);

describe.each(modes)("in $mode mode", ({ start }) => {
  let url: string;
  beforeAll(async () => {
    url = await start();
    const made = await fetch(`${url}/v1/counters/kept/add`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"delta":"7"}',
    });
    expect(made.status).toBe(200);
  });

  test("whatever is sent is answered: done, or refused for a reason, and never changed when refused", async () => {
    const before = async (): Promise<string> =>
      (await fetch(`${url}/v1/counters/kept`, { headers: { accept: "text/plain" } })).text();
    const requests = fc.tuple(fc.constantFrom(...writes), body, headers);
    await fc.assert(
      fc.asyncProperty(requests, async ([{ method, path }, text, sent]) => {
        const value = await before();
        const reply = await fetch(url + path, { method, headers: sent, body: text });
        const said = await reply.text();
        if (reply.ok) return;
        expect(`${reply.status} ${said}`).toMatch(/^4/);
        expect(reply.headers.get("content-type")).toBe("application/problem+json");
        expect(JSON.parse(said)).toMatchObject({ outcome: "not-applied" });
        expect(await before()).toBe(value);
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
