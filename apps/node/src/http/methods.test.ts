/** What HTTP itself asks of every call, over real connections in both modes, whichever way it goes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { BothModes } from "../test-support/both-modes.ts";
import { call, type Called } from "../test-support/calling.ts";

const both = new BothModes();
afterAll(() => both.end());

const file = join(__dirname, "..", "..", "..", "..", "docs", "openapi.json");
const { paths } = z
  .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
  .parse(JSON.parse(readFileSync(file, "utf8")));
const all = Object.entries(paths).map(([template, methods]) => {
  const path = template.replace("{name}", "likes").replace(/\{\w+\}/, "nothing");
  return { path, methods: Object.keys(methods).map((method) => method.toUpperCase()) };
});
const readable = all.filter(({ methods }) => methods.includes("GET"));

const json = { "content-type": "application/json" };
const chunked = { ...json, "transfer-encoding": "chunked" };

describe.each(both.modes)("in $mode mode", ({ start }) => {
  let url = "";
  beforeAll(async () => {
    url = await start();
    const made = await call(`${url}/v1/counters/likes/increment`, { method: "POST" });
    expect(made.status).toBe(200);
  });
  const ask = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = "",
  ): Promise<Called> => call(url + path, { method, headers, body });

  it("HEAD is answered like GET, without the body, wherever GET is", async () => {
    expect(readable.length).toBeGreaterThan(15);
    for (const { path } of readable.filter((each) => !each.path.endsWith("/watch"))) {
      const [got, head] = [await ask("GET", path), await ask("HEAD", path)];
      expect([path, head.status, head.text]).toEqual([path, got.status, ""]);
      expect([path, head.headers["content-type"]]).toEqual([path, got.headers["content-type"]]);
    }
    for (const path of ["/v1/watch", "/v1/counters/likes/watch"]) {
      const { status, headers, text } = await ask("HEAD", path);
      expect([status, headers["content-type"], text]).toEqual([200, "text/event-stream", ""]);
    }
  });

  it("every path says with OPTIONS, and with 405, what it takes", async () => {
    for (const { path, methods } of all) {
      const { status, headers, text } = await ask("OPTIONS", path);
      expect([path, status, text]).toEqual([path, 204, ""]);
      const allow = String(headers.allow).split(", ");
      expect([path, allow]).toEqual([path, expect.arrayContaining([...methods, "OPTIONS"])]);
      expect([path, allow.includes("HEAD")]).toEqual([path, methods.includes("GET")]);
      const other = ["PUT", "DELETE", "PATCH"].find((method) => !allow.includes(method));
      for (const sent of [{}, chunked]) {
        const refused = await ask(other!, path, sent, "{}");
        expect([path, refused.status, refused.headers.allow]).toEqual([path, 405, headers.allow]);
      }
    }
  });

  it.each([
    { what: "an answer that nobody has", path: "/v1/counters/likes", accept: "image/png", is: 406 },
    { what: "text where there is none", path: "/v1/counters", accept: "text/plain", is: 406 },
    { what: "text where there is", path: "/v1/counters/likes", accept: "text/plain", is: 200 },
  ])("$what is $is", async ({ path, accept, is }) => {
    for (const method of ["GET", "HEAD"]) {
      expect((await ask(method, path, { accept })).status).toBe(is);
    }
  });

  it.each([
    { what: "text", headers: { "content-type": "text/plain" }, body: "{}", status: 415 },
    {
      what: "an encoded body",
      headers: { ...json, "content-encoding": "gzip" },
      body: "{}",
      status: 415,
    },
    { what: "a body of no type", headers: {}, body: "{}", status: 415 },
    {
      what: "a body of 64 KiB",
      headers: json,
      body: '{"delta":"1"}'.padEnd(65_536),
      status: 200,
    },
    {
      what: "a body of more",
      headers: json,
      body: '{"delta":"1"}'.padEnd(65_537),
      status: 413,
    },
    { what: "what is no JSON", headers: json, body: "{", status: 400 },
  ])("$what is $status, with its length said or in chunks", async ({ headers, body, status }) => {
    const path = "/v1/counters/sized/add";
    for (const more of [{}, { "transfer-encoding": "chunked" }]) {
      const reply = await ask("POST", path, { ...headers, ...more }, body);
      expect(reply.status).toBe(status);
      if (status === 200) continue;
      expect(reply.headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(reply.text)).toMatchObject({ status, outcome: "not-applied" });
    }
  });
});
