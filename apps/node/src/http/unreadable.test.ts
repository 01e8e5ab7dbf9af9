/** What cannot be read as a request, over raw sockets, to real nodes of both modes. */
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";

import { BothModes } from "../test-support/both-modes.ts";
import { call } from "../test-support/calling.ts";
import { headMaxBytes } from "./head-limits.ts";
import { problemOf, problemReply } from "./problems.ts";
import { createHttpServer, type ServerTimes } from "./server.ts";
import { answerUnreadable } from "./unreadable.ts";

const both = new BothModes();
afterAll(() => both.end());

/** It may be hung up while we write: what was said before counts. */
function closed(socket: Socket): Promise<void> {
  socket.on("error", () => undefined);
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** All that comes back until the server hangs up. */
async function told(url: string, bytes: string, more?: (text: string) => string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const next = more?.(text) ?? "";
    if (next !== "") socket.write(next);
  });
  await closed(socket);
  return text;
}

/** The one answer that a text is, or the last one in it. */
function answerIn(text: string): {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly problem: Readonly<Record<string, unknown>>;
} {
  const last = text.slice(text.search(/HTTP\/1\.1 \d{3} (?![^]*HTTP\/1\.1 \d{3} )/));
  const [head = "", body = ""] = last.split(/\r\n\r\n([^]*)/);
  const [line = "", ...lines] = head.split("\r\n");
  const headers = new Map(lines.map((each) => each.split(": ", 2) as [string, string]));
  expect(headers.get("content-length") ?? headers.get("Content-Length")).toBe(`${body.length}`);
  expect(headers.get("connection") ?? headers.get("Connection")).toBe("close");
  const problem = JSON.parse(body) as Record<string, unknown>;
  return { status: Number(line.slice(9, 12)), headers, problem };
}

const statusesIn = (text: string): readonly string[] =>
  text.match(/HTTP\/1\.1 \d{3}/g)?.map((line) => line.slice(-3)) ?? [];

const post = (name: string, rest: string): string =>
  `POST /v1/counters/${name}/increment HTTP/1.1\r\nHost: a\r\n${rest}`;
const chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const tooLong = `X: ${"marker".repeat(headMaxBytes / 6 + 1)}`;

describe.each(both.modes)("what is no request ($mode)", ({ start }) => {
  let url = "";
  beforeAll(async () => (url = await start()));

  it.each([
    { what: "words", bytes: "marker me\r\n\r\n", status: 400, code: "validation-failed" },
    {
      ...{ what: "a head without a name", status: 400, code: "validation-failed" },
      bytes: "GET /livez HTTP/1.1\r\nHost: a\r\n: marker\r\n\r\n",
    },
    {
      ...{ what: "a length that is none", status: 400, code: "validation-failed" },
      bytes: post("broken", "Content-Length: marker\r\n\r\n"),
    },
    {
      ...{ what: "chunks that are none", status: 400, code: "validation-failed" },
      bytes: post("broken", `${chunked}marker\r\n{}\r\n0\r\n\r\n`),
    },
    {
      ...{ what: "a head that is too large", status: 431, code: "headers-too-large" },
      bytes: `GET /livez HTTP/1.1\r\nHost: a\r\n${tooLong}\r\n\r\n`,
    },
  ])("$what: a problem with a code, and no byte of it", async ({ bytes, status, code }) => {
    const text = await told(url, bytes + post("broken", "Content-Length: 0\r\n\r\n"));
    expect(statusesIn(text)).toEqual([`${status}`]);
    const { headers, problem } = answerIn(text);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(headers.get("counter-code")).toBe(code);
    expect(problem).toMatchObject({ status, code, outcome: "not-applied", retryable: false });
    expect(text).not.toContain("marker");
    expect((await call(`${url}/v1/counters/broken`)).status).toBe(404);
  });

  it("what follows a whole request comes after the answer to that", async () => {
    const text = await told(url, `${post("before", "Content-Length: 0\r\n\r\n")}marker\r\n\r\n`);
    expect(statusesIn(text)).toEqual(["200", "400"]);
    expect(text.indexOf('"value":"1"')).toBeLessThan(text.indexOf("HTTP/1.1 400"));
    expect(answerIn(text).problem).toMatchObject({ code: "validation-failed" });
  });

  it("nothing is written into an answer that is under way", async () => {
    await call(`${url}/v1/counters/watched/increment`, { method: "POST" });
    const watch = "GET /v1/counters/watched/watch HTTP/1.1\r\nHost: a\r\n\r\n";
    const text = await told(url, watch, (seen) =>
      seen.includes("event:") ? "marker\r\n\r\n" : "",
    );
    expect(statusesIn(text)).toEqual(["200"]);
    expect(text).not.toContain("problem");
  });

  it("a restore whose body breaks off is refused, and nothing is restored", async () => {
    await call(`${url}/v1/counters/kept/increment`, { method: "POST" });
    const { text: cluster } = await call(`${url}/v1/cluster`);
    const { clusterId } = JSON.parse(cluster) as { clusterId: string };
    const { text: snapshot } = await call(`${url}/v1/snapshot`);
    await call(`${url}/v1/counters/kept/increment`, { method: "POST" });
    const head = `PUT /v1/snapshot?confirm=${clusterId} HTTP/1.1\r\nHost: a\r\n${chunked}`;
    const length = Buffer.byteLength(snapshot).toString(16);
    const text = await told(url, `${head}${length}\r\n${snapshot}\r\nmarker\r\n`);
    expect(statusesIn(text)).toEqual(["400"]);
    expect(answerIn(text).problem).toMatchObject({ outcome: "not-applied" });
    const kept = await call(`${url}/v1/counters/kept`);
    expect(JSON.parse(kept.text)).toMatchObject({ value: "2" });
  });

  it("who goes on sending is cut off", async () => {
    const { hostname, port } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    const sending = setInterval(() => socket.write("marker\r\n\r\n"), 50);
    await closed(socket);
    clearInterval(sending);
    expect(statusesIn(text)).toEqual(["400"]);
  });

  it("is counted among the requests", async () => {
    await told(url, "marker\r\n\r\n");
    const { text } = await call(`${url}/metrics`);
    expect(text).toMatch(/counter_http_requests_total\{[^}]*method="other"[^}]*code="400"[^}]*\} /);
  });
});

describe("who takes his time", () => {
  const times: ServerTimes = { headMs: 600, requestMs: 900, idleMs: 300, lookEveryMs: 50 };
  const context = { json: true, node: "a:1", path: "/", base: "urn:x:", traceId: "0" };

  it.each([
    { what: "over the head", bytes: "GET / HTTP/1.1\r\nHost" },
    { what: "over the body", bytes: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{" },
    { what: "before he says anything", bytes: "" },
  ])("$what is told so, with a code", async ({ bytes }) => {
    const server = createHttpServer(null, times).on("request", (incoming, outgoing) => {
      incoming.resume();
      incoming.once("end", () => outgoing.end("ok"));
      incoming.on("error", () => undefined); // cut off
    });
    const codes: (string | undefined)[] = [];
    const refuse = (error: unknown) => problemReply(problemOf(error), context);
    answerUnreadable(server, { refuse }, ({ reply }) => codes.push(reply.headers["counter-code"]));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const text = await told(`http://127.0.0.1:${port}`, bytes);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(statusesIn(text)).toEqual(["408"]);
    const { problem } = answerIn(text);
    expect(problem).toMatchObject({ code: "request-timeout", outcome: "not-applied" });
    expect(codes).toEqual(["request-timeout"]);
  });
});
