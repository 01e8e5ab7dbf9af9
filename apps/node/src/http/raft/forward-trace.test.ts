import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";

import { openLink } from "../../security/peer-link.ts";
import type { ApiRequest } from "../api.ts";
import { traceBegunHeader, traceOf, traceToKeep } from "../trace.ts";
import { createForwarder } from "./forward.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

/** What a leader is sent of a request with these headers. */
async function sentOn(headers: IncomingHttpHeaders): Promise<IncomingHttpHeaders> {
  const seen: IncomingHttpHeaders[] = [];
  const leader = createServer((incoming, outgoing) => {
    seen.push(incoming.headers);
    outgoing.end("1\n");
  }).listen(0, "127.0.0.1");
  await once(leader, "listening");
  const address = leader.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  const request: ApiRequest = {
    method: "POST",
    path: "/next",
    query: new URLSearchParams(),
    headers,
    body: new Uint8Array(0),
  };
  const forwarder = createForwarder({ own: "127.0.0.1:1", timeoutMs: 30_000, link: openLink });
  try {
    const reply = await forwarder.forward(request, `127.0.0.1:${address.port}`);
    expect(reply.status).toBe(200);
  } finally {
    forwarder.close();
    leader.close();
  }
  return seen[0]!;
}

test("what is sent on to the leader belongs to the same trace, under a span of its own", async () => {
  const headers = {
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    tracestate: "rojo=00f067aa0ba902b7",
  };
  const seen = await sentOn(headers);
  expect(seen["traceparent"]).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect(seen["traceparent"]).not.toContain(traceOf(headers).spanId);
  expect(seen["tracestate"]).toBe("rojo=00f067aa0ba902b7");
  expect(seen).not.toHaveProperty(traceBegunHeader);
});

test("a trace that begins at the node that sends on is not kept as that of a client", async () => {
  const headers = {};
  const seen = await sentOn(headers);
  expect(traceToKeep(seen, "given")).toBeNull();
  const all = Buffer.from(traceToKeep(seen, "all")!).toString("hex");
  expect(all.slice(0, 32)).toBe(traceOf(headers).traceId);
});
