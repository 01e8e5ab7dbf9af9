/** Each limit of a request at its edge, over real connections to real nodes of both modes. */
import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";

import { BothModes } from "../test-support/both-modes.ts";
import { call } from "../test-support/calling.ts";
import {
  headersMax,
  headMaxBytes,
  pipelinedMax,
  urlMaxLength,
  wrongWithHead,
} from "./head-limits.ts";
import { createHttpServer, type ServerTimes } from "./server.ts";

const both = new BothModes();
afterAll(() => both.end());

/** The statuses of all replies, until the node hangs up or as many have come as are asked for. */
async function tell(url: string, bytes: string, replies = Infinity): Promise<readonly string[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined); // hung up while we write: what it said before counts
  let text = "";
  const statuses = (): readonly string[] =>
    text.match(/HTTP\/1\.1 \d{3}/g)?.map((line) => line.slice(-3)) ?? [];
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (statuses().length >= replies) socket.destroy();
  });
  socket.write(bytes);
  await new Promise((resolve) => socket.once("close", resolve)); // after a reset as well
  return statuses();
}

const headed = (headers: readonly string[], line = "GET /v1/counters/likes HTTP/1.1"): string =>
  `${[line, "Host: x", "Accept: */*", ...headers].join("\r\n")}\r\n\r\n`;

describe.each(both.modes)("in $mode mode", ({ start }) => {
  let url = "";
  beforeAll(async () => {
    url = await start();
    const made = await call(`${url}/v1/counters/likes/increment`, { method: "POST" });
    expect(made.status).toBe(200);
  });

  it("a request may have 100 headers", async () => {
    const more = (count: number): string =>
      headed(Array.from({ length: count - 2 }, (_, i) => `X-${i}: 1`));
    expect(await tell(url, more(headersMax), 1)).toEqual(["200"]);
    expect(await tell(url, more(headersMax + 1), 1)).toEqual(["431"]);
  });

  it("a head may have 16 KiB", async () => {
    const long = (bytes: number): string => {
      const rest = headed(["X: "]).length;
      return headed([`X: ${"x".repeat(bytes - rest)}`]);
    };
    // What Node.js counts is a little less than what is sent.
    expect(await tell(url, long(headMaxBytes - 64), 1)).toEqual(["200"]);
    expect(await tell(url, long(headMaxBytes + 64))).toEqual(["431"]);
  });

  it.each(["", "%2e"])("a path with its query may have 8192 characters%s", async (more) => {
    const path = (length: number): string => `/v1/counters?prefix=${more}`.padEnd(length, "x"); // too long for the name of a counter
    const statusOf = (length: number) => call(url + path(length)).then(({ status }) => status);
    expect(await statusOf(urlMaxLength)).toBe(400);
    expect(await statusOf(urlMaxLength + 1)).toBe(414);
  });

  it("a long path is told why, with a code", async () => {
    const { text, headers } = await call(`${url}/v1/${"x".repeat(urlMaxLength)}`);
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(text)).toMatchObject({ code: "uri-too-long", outcome: "not-applied" });
  });

  it("so many requests of one connection may wait for the answers to those before", async () => {
    const one = headed([], "POST /v1/counters/many/increment HTTP/1.1");
    const count = pipelinedMax + 1; // one that is next, and those that wait
    const all = await tell(url, one.repeat(count), count);
    expect(all.filter((status) => status === "200")).toHaveLength(count);
    const over = await tell(url, one.repeat(count + 200), count + 200);
    const served = over.filter((status) => status === "200").length;
    expect(over.filter((status) => status !== "200" && status !== "503")).toEqual([]);
    const { text } = await call(`${url}/v1/counters/many`);
    expect(JSON.parse(text)).toMatchObject({ value: String(count + served) });
  });
});

async function withServer(server: Server, use: (url: string) => Promise<void>): Promise<void> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await use(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test("the request that is one too many is refused, and others wait again after answers", async () => {
  const server = createHttpServer();
  const asked: { readonly code: string | null; readonly response: ServerResponse }[] = [];
  const answerAll = (): void => {
    for (const { response } of asked.splice(0)) response.end();
  };
  const codes: (string | null)[][] = [];
  server.on("request", (incoming, response) => {
    asked.push({ code: wrongWithHead(incoming, response)?.code ?? null, response });
    if (asked.length < pipelinedMax + 2) return;
    codes.push(asked.map(({ code }) => code));
    answerAll();
  });
  await withServer(server, async (url) => {
    const count = pipelinedMax + 2;
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = "";
    const answers = (): number => text.split("HTTP/1.1 200").length - 1;
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    for (const wanted of [count, 2 * count]) {
      socket.write(headed([]).repeat(count));
      while (answers() < wanted) await once(socket, "data");
    }
    socket.destroy();
    const expected = [...Array<null>(pipelinedMax + 1).fill(null), "overloaded"];
    expect(codes).toEqual([expected, expected]);
  });
});

describe("who takes his time", () => {
  const times: ServerTimes = { headMs: 600, requestMs: 900, idleMs: 300, lookEveryMs: 50 };
  const serving = (): Server =>
    createHttpServer(null, times).on("request", (incoming, response) => {
      incoming.resume();
      incoming.once("end", () => response.end("ok"));
    });

  it("until the next request is cut off", () =>
    withServer(serving(), async (url) => {
      expect(await tell(url, headed([]))).toEqual(["200"]);
    }));

  it("is not cut off as long as he is in time", () =>
    withServer(serving(), async (url) => {
      expect(await tell(url, headed([]).repeat(5), 5)).toEqual(Array(5).fill("200"));
    }));
});
