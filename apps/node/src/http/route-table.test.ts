import type { Route } from "./api.ts";
import { RouteTable } from "./route-table.ts";

function route(method: Route["method"], path: string): Route {
  return {
    method,
    path,
    summary: "",
    kind: "read",
    scope: "none",
    operation: { id: path, tag: "counters", responses: {}, problems: [] },
    bodyMaxBytes: 0,
    handle: () => ({ status: 200, headers: {}, body: "" }),
  };
}

const table = new RouteTable([
  route("GET", "/next"),
  route("GET", "/v1/counters"),
  route("GET", "/v1/counters/:name"),
  route("POST", "/v1/counters/:name/add"),
  route("POST", "/v1/members/:id/of/:other"),
]);

test.each([
  { method: "GET", path: "/next", found: "/next", params: {} },
  { method: "GET", path: "/v1/counters", found: "/v1/counters", params: {} },
  { method: "GET", path: "/v1/counters/a:b", found: "/v1/counters/:name", params: { name: "a:b" } },
  {
    method: "POST",
    path: "/v1/members/x/of/y",
    found: "/v1/members/:id/of/:other",
    params: { id: "x", other: "y" },
  },
])("$method $path is $found", ({ method, path, found, params }) => {
  const at = table.find(method, path);
  expect([at?.route.path, at?.params]).toEqual([found, params]);
});

test.each([
  { method: "POST", path: "/next", why: "another method" },
  { method: "GET", path: "/v1/counters/", why: "no name" },
  { method: "GET", path: "/v1/counters/a/b", why: "nothing there" },
  { method: "GET", path: "/v1/counters/a%3Ab", why: "it has to be decoded first" },
  { method: "POST", path: "/v1/counters/a/add/", why: "one part more" },
  { method: "GET", path: "next", why: "no path" },
])("$method $path is left to others: $why", ({ method, path }) => {
  expect(table.find(method, path)).toBeNull();
});
