import { connect } from "node:net";

import { BothModes } from "../test-support/both-modes.ts";
import { call } from "../test-support/calling.ts";

const both = new BothModes();
afterAll(() => both.end());

/** All that comes back until the server hangs up, for what no HTTP client would send. */
function told(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.once("error", reject);
    socket.once("close", () => resolve(text));
  });
}

const body = '{"delta":"1"}';
const head = "POST /v1/counters/smuggled/add HTTP/1.1\r\nContent-Type: application/json\r\n";
const next = "POST /v1/counters/smuggled/add HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

describe.each(both.modes)("what could be read in two ways ($mode)", ({ start }) => {
  it.each([
    { what: "two hosts", lines: `Host: a\r\nHost: b\r\nContent-Length: 13\r\n\r\n${body}` },
    {
      what: "a coding besides chunked",
      lines: `Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\nd\r\n${body}\r\n0\r\n\r\n`,
    },
    {
      what: "two lengths",
      lines: `Host: a\r\nContent-Length: 13\r\nContent-Length: 14\r\n\r\n${body}`,
    },
    {
      what: "a length and chunks",
      lines: `Host: a\r\nContent-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n${body}\r\n0\r\n\r\n`,
    },
  ])("$what are refused, and nothing after them is read", async ({ lines }) => {
    const url = await start();
    const text = await told(url, head + lines + next);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 400"]);
    expect((await call(`${url}/v1/counters/smuggled`)).status).toBe(404);
  });

  test("chunks alone are read", async () => {
    const url = await start();
    const lines = `Host: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const text = await told(url, `${head}${lines}d\r\n${body}\r\n0\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });
});
