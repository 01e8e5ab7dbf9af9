/**
 * Somebody who knows nothing but the document: types made of it (api.d.ts), and a general client. Prints
 * what it has seen as JSON.
 */
import createClient from "openapi-fetch";

import type { paths } from "./api.d.ts";

const [baseUrl = "", mode = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });

const created = await client.POST("/v1/counters", { body: { name: "orders", labels: { a: "b" } } });
if (created.error !== undefined) throw new Error(created.error.detail);

const added = await client.POST("/v1/counters/{name}/add", {
  params: { path: { name: "orders" }, header: { "Idempotency-Key": "one" } },
  body: { delta: "41" },
});
if (added.error !== undefined) throw new Error(added.error.detail);

const issued = await client.POST("/v1/counters/{name}/next", {
  params: { path: { name: "orders" } },
  body: { count: "1" },
});
// Only one of the modes has it: the document says how the other one answers.
const last: string = issued.error === undefined ? (issued.data?.last ?? "") : issued.error.code;

const token = added.response.headers.get("counter-version") ?? "";
const read = await client.GET("/v1/counters/{name}", {
  params: { path: { name: "orders" }, header: { "Counter-At-Least": token } },
});
if (read.error !== undefined) throw new Error(read.error.detail);
if (typeof read.data !== "object") throw new Error("JSON is the usual form");

const listed = await client.GET("/v1/counters", {
  params: { query: { prefix: "ord", limit: 10 } },
});
if (listed.error !== undefined) throw new Error(listed.error.detail);

const missing = await client.GET("/v1/counters/{name}", { params: { path: { name: "none" } } });

const stopping = new AbortController();
const watched = await client.GET("/v1/counters/{name}/watch", {
  params: { path: { name: "orders" } },
  parseAs: "stream",
  signal: stopping.signal,
});
if (watched.error !== undefined || watched.data === null) throw new Error("no stream");
const reader = watched.data.pipeThrough(new TextDecoderStream()).getReader();
let seen = "";
while (!seen.includes('"value"')) {
  const { done, value } = await reader.read();
  if (done) break;
  seen += value;
}
stopping.abort();

const told = /"value":"(\d+)"/.exec(seen)?.[1] ?? null;
const names: string[] = listed.data.items.map((item) => item.name);
const { kind, value, labels } = read.data;
const code = missing.error?.code ?? null;
console.log(
  JSON.stringify({ mode, added: added.data?.value, last, kind, value, labels, names, told, code }),
);
