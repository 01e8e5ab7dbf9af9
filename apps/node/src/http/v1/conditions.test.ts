import { TestNodes } from "../../test-support/test-node.ts";
import { call, type Called } from "../../test-support/calling.ts";

const nodes = new TestNodes();
let url: string;

beforeAll(async () => {
  url = (await nodes.single()).url;
});
afterAll(() => nodes.end());

function send(
  method: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Called> {
  const type = { "Content-Type": "application/json" };
  const options = { method, headers: { ...type, ...headers }, body: JSON.stringify(body) };
  return call(`${url}${path}`, options);
}

function set(name: string, value: string, headers: Record<string, string> = {}): Promise<Called> {
  return send("PUT", `/v1/counters/${name}/value`, { value }, headers);
}

const codeOf = ({ status, headers }: Called): unknown => [status, headers["counter-code"]];

test("a weak tag never matches a write, strong ones do, also among others", async () => {
  const tag = String((await set("tagged", "1")).headers.etag);
  const weak = await set("tagged", "2", { "If-Match": `W/${tag}` });
  expect(codeOf(weak)).toEqual([412, "version-mismatch"]);
  const both = await set("tagged", "2", { "If-Match": `"s0-0", W/"x", ${tag}` });
  expect(both.status).toBe(200);
});

test("two conditions at once are refused", async () => {
  const headers = { "If-Match": "*", "If-None-Match": "*" };
  expect(codeOf(await set("doubly", "1", headers))).toEqual([400, "validation-failed"]);
});

test("under one key a write with another condition is another request", async () => {
  const tag = String((await set("keyed", "1")).headers.etag);
  const key = { "Idempotency-Key": "conditional" };
  expect((await set("keyed", "2", { ...key, "If-Match": tag })).status).toBe(200);
  const again = await set("keyed", "2", { ...key, "If-Match": tag });
  expect([again.status, again.headers["idempotent-replayed"]]).toEqual([200, "true"]);
  for (const other of [key, { ...key, "If-Match": "*" }]) {
    expect(codeOf(await set("keyed", "2", other))).toEqual([422, "idempotency-key-reused"]);
  }
});
