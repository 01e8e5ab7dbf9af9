import { createServer, request as httpRequest, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import type { ApiReply } from "./api.ts";
import { limitBodyTime } from "./body-time.ts";
import { problemOf } from "./problems.ts";
import { send } from "./sending.ts";
import { afterBody, streamOf, type BodyLimits } from "./streamed-body.ts";

let server: Server;
let url: string;

/** Answers with how many bytes came, or with the code of the problem. */
async function listen(limits: BodyLimits, bodyTimeoutMs: number): Promise<void> {
  server = createServer();
  limitBodyTime(server, bodyTimeoutMs);
  server.on("request", (incoming, outgoing) => {
    const answer = async (): Promise<ApiReply> => {
      let bytes = 0;
      try {
        const { headers } = incoming;
        for await (const chunk of streamOf({ headers, stream: incoming }, limits)) {
          bytes += chunk.length;
        }
        return { status: 200, headers: {}, body: String(bytes) };
      } catch (error) {
        const problem = problemOf(error);
        const status = problem.code === "payload-too-large" ? 413 : 400;
        return { status, headers: {}, body: `${problem.code}: ${problem.message}` };
      }
    };
    void answer()
      .then((reply) => afterBody(incoming, reply))
      .then((reply) => send(outgoing, reply));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

async function put(bytes: number): Promise<string> {
  const reply = await fetch(url, { method: "PUT", body: new Uint8Array(bytes) });
  return `${reply.status} ${await reply.text()}`;
}

/** A chunked body of which a piece is sent whenever the one before is out. */
async function putSlowly(piece: number, everyMs: number): Promise<string> {
  const outgoing = httpRequest(url, { method: "PUT" });
  const timer = setInterval(() => void outgoing.write(new Uint8Array(piece)), everyMs);
  try {
    const outcome = await new Promise<string>((resolve) => {
      outgoing.once("response", (incoming) => resolve(String(incoming.statusCode)));
      outgoing.once("error", () => resolve("cut off"));
    });
    return outcome;
  } finally {
    clearInterval(timer);
    outgoing.destroy();
  }
}

test("a body is taken up to its limit, and refused beyond it where the client sees it", async () => {
  await listen({ maxBytes: 300_000 }, 60_000);
  expect(await put(300_000)).toBe("200 300000");
  expect(await put(300_001)).toBe("413 payload-too-large: at most 300000 bytes");
  const chunked = await fetch(url, {
    method: "PUT",
    body: new Blob([new Uint8Array(400_000)]).stream(),
    duplex: "half",
  });
  expect(chunked.status).toBe(413);
});

test("a body that takes longer than others may, and comes fast enough, is taken", async () => {
  await listen({ maxBytes: 10_000_000, windowMs: 60_000 }, 100);
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let sent = 0; sent < 5; sent += 1) {
        controller.enqueue(new Uint8Array(1000));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      controller.close();
    },
  });
  const reply = await fetch(url, { method: "PUT", body, duplex: "half" });
  expect(await reply.text()).toBe("5000");
});

test("a body that trickles is broken off", async () => {
  await listen({ maxBytes: 10_000_000, windowMs: 300 }, 60_000);
  expect(await putSlowly(10, 20)).toMatch(/400|cut off/);
});
