/** Pages of other origins, as browsers send their requests, against real nodes of both modes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { bootstrapPath } from "../bootstrap/wire.ts";
import { BothModes } from "../test-support/both-modes.ts";
import { call, type Called } from "../test-support/calling.ts";
import { EventStream } from "../test-support/event-stream.ts";
import { Cors, exposedHeaders } from "./cors.ts";

const both = new BothModes();
afterEach(() => both.end());

const app = "https://app.example";
const stranger = "https://evil.example";
const from = (origin: string, headers: Record<string, string> = {}): Record<string, string> => {
  return { origin, "sec-fetch-site": "cross-site", ...headers };
};
const add = (url: string, headers: Record<string, string>): Promise<Called> =>
  call(`${url}/v1/counters/likes/increment`, { method: "POST", headers });
const preflight = (url: string, origin: string, path = "/v1/counters/likes/add") =>
  call(`${url}${path}`, {
    method: "OPTIONS",
    headers: from(origin, {
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,idempotency-key",
    }),
  });
const aboutOrigins = ({ headers }: Called): string[] =>
  Object.keys(headers).filter((name) => name.startsWith("access-control"));

describe.each(both.modes)("in $mode mode", ({ start }) => {
  it("a page of a named origin may ask first, write and read, and sees every header of ours", async () => {
    const url = await start(`--cors-origin=${app},http://localhost:3000`);
    const asked = await preflight(url, app);
    expect(asked).toMatchObject({
      status: 204,
      text: "",
      headers: {
        allow: "POST, OPTIONS",
        "access-control-allow-origin": app,
        "access-control-allow-methods": "POST",
        "access-control-max-age": "600",
        vary: "Origin",
      },
    });
    const may = String(asked.headers["access-control-allow-headers"]).toLowerCase().split(", ");
    for (const name of ["authorization", "content-type", "idempotency-key", "if-match", "prefer"]) {
      expect(may).toContain(name);
    }
    for (const reply of [
      await add(url, from(app)),
      await call(`${url}/v1/counters/likes`, { headers: from("http://localhost:3000") }),
      await call(`${url}/v1/counters/nothing`, { headers: from(app) }),
      await call(`${url}/nowhere`, { headers: from(app) }),
      await call(`${url}/v1/counters/likes`, { method: "PUT", headers: from(app) }),
      await call(`${url}/v1/counters`, { method: "POST", headers: from(app), body: "x" }),
    ]) {
      expect(reply.headers["access-control-allow-origin"]).toMatch(/^(https:\/\/app|http:\/\/lo)/);
      expect(reply.headers["access-control-expose-headers"]).toMatch(/Counter-Version.*RateLimit/);
      expect(reply.headers).not.toHaveProperty("access-control-allow-credentials");
      expect(String(reply.headers.vary)).toMatch(/^Origin(, accept)?$/);
    }
    const stream = await EventStream.open(`${url}/v1/counters/likes/watch`, from(app));
    expect(stream.headers["access-control-allow-origin"]).toBe(app);
    stream.close();
  });

  it("a page of any other origin is told nothing, and writes nothing", async () => {
    const url = await start(`--cors-origin=${app}`);
    const asked = await preflight(url, stranger);
    expect([asked.status, aboutOrigins(asked), asked.headers.vary]).toEqual([204, [], "Origin"]);
    const replies = [await add(url, from(stranger)), await add(url, from("null"))];
    expect(replies.map(({ status }) => status)).toEqual([403, 403]);
    const read = await call(`${url}/v1/counters`, { headers: from(stranger) });
    expect([read.status, aboutOrigins(read)]).toEqual([200, []]);
    expect(JSON.parse(read.text)).toMatchObject({ items: [] });
  });

  it("with * every page may read; without tokens none may write, but those that are named", async () => {
    const url = await start(`--cors-origin=*,${app}`);
    const read = await call(`${url}/v1/counters`, { headers: from(stranger) });
    expect([read.status, read.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
    expect((await add(url, from(stranger))).status).toBe(403);
    expect((await add(url, from(app))).status).toBe(200);
  });

  it("without --cors-origin nothing is said to browsers, and OPTIONS is 204 with Allow", async () => {
    const url = await start();
    for (const reply of [
      await preflight(url, app),
      await call(`${url}/v1/counters`, { headers: from(app) }),
    ]) {
      expect(aboutOrigins(reply)).toEqual([]);
      expect(reply.headers.vary).toBeUndefined();
    }
    const plain = await call(`${url}/v1/counters/likes`, { method: "OPTIONS" });
    expect(plain).toMatchObject({ status: 204, text: "" });
    expect(plain.headers.allow).toBe("GET, HEAD, PATCH, DELETE, OPTIONS");
  });
});

test("browsers are no peers, wherever they run", async () => {
  const url = await both.modes[0].start(`--cors-origin=*,${app}`);
  const ask = (headers: Record<string, string>): Promise<Called> =>
    call(`${url}${bootstrapPath}`, { method: "POST", headers, body: "{}" });
  const replies = [await ask(from(app)), await ask({ "sec-fetch-site": "same-origin" })];
  expect(replies.map(({ status }) => status)).toEqual([403, 403]);
  expect((await ask({})).status).not.toBe(403);
});

test("every header that a reply may have by the document can be read by a page", () => {
  const file = join(__dirname, "..", "..", "..", "..", "docs", "openapi.json");
  const replies = z.object({ headers: z.record(z.string(), z.unknown()).optional() }).loose();
  const schema = z.object({
    paths: z.record(
      z.string(),
      z.record(z.string(), z.object({ responses: z.record(z.string(), replies) }).loose()),
    ),
    components: z.object({ headers: z.record(z.string(), z.unknown()) }).loose(),
  });
  const { paths, components } = schema.parse(JSON.parse(readFileSync(file, "utf8")));
  const responses = Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap((operation) => Object.values(operation.responses));
  const named = [components, ...responses].flatMap(({ headers = {} }) => Object.keys(headers));
  const readable = new Set(exposedHeaders.map((name) => name.toLowerCase()));
  const always = ["cache-control", "content-type", "last-modified", "content-length"];
  const hidden = named.filter(
    (name) => !readable.has(name.toLowerCase()) && !always.includes(name.toLowerCase()),
  );
  expect([...new Set(hidden)]).toEqual([]);
});

test("* names nobody, and no origin is a part of another", () => {
  const cors = new Cors(["*", app]);
  expect(cors.names(app)).toBe(true);
  for (const origin of [undefined, "*", "null", `${app}.evil.example`, "http://app.example"]) {
    expect(cors.names(origin)).toBe(false);
  }
});
