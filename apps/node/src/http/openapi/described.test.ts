import { Description, type Exchange } from "../../test-support/described.ts";

const description = new Description();

const exchange: Exchange = {
  method: "POST",
  path: "/v1/cluster/leader/transfer?x=1",
  requestHeaders: {},
  status: 200,
  headers: { "content-type": "application/json", "counter-served-by": "127.0.0.1:8080" },
  text: '{"leader":"a"}',
};

const problem = {
  type: "urn:counter:problem:no-leader",
  title: "",
  status: 503,
  detail: "",
  instance: "/",
  code: "no-leader",
  outcome: "not-applied",
  retryable: true,
  node: "",
};

function problemReply(members: Readonly<Record<string, unknown>>): Partial<Exchange> {
  const headers = { "content-type": "application/problem+json" };
  return { status: 503, headers, text: JSON.stringify({ ...problem, ...members }) };
}

test("what is described is let through", () => {
  expect(description.complaints(exchange)).toEqual([]);
  expect(description.complaints({ ...exchange, ...problemReply({}) })).toEqual([]);
});

test.each<[string, Partial<Exchange>, RegExp]>([
  ["a status", { status: 202 }, /no such status/],
  ["a header", { headers: { ...exchange.headers, "counter-new": "1" } }, /counter-new/],
  ["a media type", { headers: { "content-type": "text/html" } }, /text\/html/],
  ["a member", { text: '{"leader":"a","since":1}' }, /since/],
  ["a value", { text: '{"leader":1}' }, /\/leader must be string/],
  ["a problem", problemReply({ code: "backup-damaged" }), /backup-damaged/],
  ["an outcome", problemReply({ outcome: "perhaps" }), /\/outcome/],
])("%s that is not described is found", (_what, change, complaint) => {
  const found = description.complaints({ ...exchange, ...change });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(complaint);
});

test("what nodes say to each other is not looked at", () => {
  const requestHeaders = { "content-type": "application/vnd.counter.records" };
  const path = "/increment";
  expect(description.complaints({ ...exchange, path, requestHeaders, status: 299 })).toEqual([]);
});
