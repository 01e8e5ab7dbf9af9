import { anybody, mayList, mayTouch, principalIn, principalText, type Caller } from "./caller.ts";
import { mayAsk, requireTouch } from "./route-scope.ts";

const only = (...counters: readonly string[]): Caller => ({ ...anybody, name: "ci", counters });

test.each([
  { pattern: "orders", name: "orders", may: true },
  { pattern: "orders", name: "orders-1", may: false },
  { pattern: "orders-*", name: "orders-1", may: true },
  { pattern: "orders-*", name: "orders-", may: true },
  { pattern: "orders-*", name: "stock-1", may: false },
  { pattern: "*-2026", name: "orders-2026", may: true },
  { pattern: "a*a", name: "a", may: false },
  { pattern: "a*a", name: "aa", may: true },
  { pattern: "a*b*c", name: "a-b-c", may: true },
  { pattern: "a*b*c", name: "a-c-b", may: false },
  { pattern: "a*bb*b", name: "abb", may: false },
  { pattern: "*", name: "anything", may: true },
  { pattern: "a.c", name: "abc", may: false },
])("$pattern allows $name: $may", ({ pattern, name, may }) => {
  expect(mayTouch(only("nothing-else", pattern), name)).toBe(may);
});

test("a pattern of many stars is no work", () => {
  const pattern = "*a".repeat(127);
  const began = performance.now();
  for (let i = 0; i < 100; i += 1) mayTouch(only(pattern), "a".repeat(100) + "b".repeat(155));
  expect(performance.now() - began).toBeLessThan(2000);
});

test.each([
  { pattern: "orders-*", prefix: "orders-2", may: true },
  { pattern: "orders-*", prefix: "orders-", may: true },
  { pattern: "orders-*", prefix: "orders", may: false },
  { pattern: "orders-*", prefix: "", may: false },
  { pattern: "orders", prefix: "orders", may: false },
  { pattern: "o*-x", prefix: "orders", may: false },
  { pattern: "*", prefix: "", may: true },
])("$pattern allows to list what begins with '$prefix': $may", ({ pattern, prefix, may }) => {
  expect(mayList(only(pattern), prefix)).toBe(may);
});

const route = (method: "GET" | "POST", path: string, kind: "read" | "write" | "probe") => ({
  method,
  path,
  kind,
});
const none = new URLSearchParams();

test.each([
  { route: route("GET", "/v1/counters/:name", "read"), params: { name: "orders-1" }, may: true },
  { route: route("GET", "/v1/counters/:name", "read"), params: { name: "stock-1" }, may: false },
  { route: route("POST", "/v1/counters/:name/next", "write"), params: { name: "s" }, may: false },
  { route: route("GET", "/v1/counters/:name/watch", "probe"), params: { name: "s" }, may: false },
  { route: route("POST", "/next", "write"), params: {}, may: false },
  { route: route("GET", "/v1/counters", "read"), params: {}, may: false },
  { route: route("GET", "/v1/watch", "probe"), params: {}, may: false },
  { route: route("GET", "/v1/snapshot", "read"), params: {}, may: false },
  { route: route("POST", "/v1/batch", "write"), params: {}, may: true },
  { route: route("GET", "/status", "probe"), params: {}, may: true },
])("a token for orders-* may ask $route.method $route.path of $params: $may", (row) => {
  const { params, may } = row;
  const asked = { params: { ...params } as Record<string, string>, query: none };
  expect(mayAsk(only("orders-*"), row.route, asked)).toBe(may);
  expect(mayAsk(anybody, row.route, asked)).toBe(true);
});

test("what a body names is checked by its route", () => {
  expect(() => requireTouch(only("orders-*"), "stock")).toThrow("not for stock");
  expect(() => requireTouch(only("orders-*"), "orders-1")).not.toThrow();
  expect(() => requireTouch(undefined, "stock")).not.toThrow();
});

test("who sends a request is told to the node that it is passed on to", () => {
  const caller = { ...only("orders-*"), scopes: ["read"] } as const;
  expect(principalIn(principalText(caller)!)).toEqual(caller);
  expect(principalText(anybody)).toBeNull();
});

test.each(["", "{", "null", '{"name":"a b","scopes":[],"counters":null}', '{"name":"a"}'])(
  "%p names nobody",
  (text) => expect(principalIn(text)).toBeNull(),
);
