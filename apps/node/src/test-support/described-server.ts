/** Servers of tests, all of whose replies are held against the document of the API. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TlsOptions } from "node:tls";

import { createHttpServer } from "../http/server.ts";
import { Description } from "./described.ts";

let description: Description | null = null;
const complaints: string[] = [];

/** A server of which every reply is looked at; {@link requireDescribed} tells what was found. */
export function describedServer(tls: TlsOptions | null = null): Server {
  const server = createHttpServer(tls);
  server.prependListener("request", (incoming, outgoing) => {
    const copy = copyOf(outgoing);
    outgoing.once("finish", () => look(incoming, outgoing, copy));
  });
  return server;
}

/** @throws Error with every reply since the last call that was not as described */
export function requireDescribed(): void {
  const found = complaints.splice(0);
  if (found.length > 0) {
    throw new Error(`docs/openapi.json does not say so:\n${[...new Set(found)].join("\n")}`);
  }
}

interface Copy {
  headers: Readonly<Record<string, unknown>>;
  readonly chunks: Buffer[];
}

/** What is written from now on. */
function copyOf(outgoing: ServerResponse): Copy {
  const copy: Copy = { headers: {}, chunks: [] };
  const keep = (chunk: unknown): void => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array)
      copy.chunks.push(Buffer.from(chunk));
  };
  const beside = (name: "write" | "end" | "writeHead", look: (parts: unknown[]) => void): void => {
    const original = outgoing[name].bind(outgoing);
    Reflect.set(outgoing, name, (...parts: unknown[]): unknown => {
      look(parts);
      const answer: unknown = Reflect.apply(original, outgoing, parts);
      return answer;
    });
  };
  beside("writeHead", ([, headers]) => {
    copy.headers = typeof headers === "object" ? { ...headers } : {};
  });
  beside("end", ([chunk]) => keep(chunk));
  // Streams may be endless; what they say has tests of its own.
  beside("write", ([chunk]) => {
    if (copy.headers["content-type"] !== "text/event-stream") keep(chunk);
  });
  return copy;
}

function look(incoming: IncomingMessage, outgoing: ServerResponse, copy: Copy): void {
  description ??= new Description();
  const found = description.complaints({
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    requestHeaders: incoming.headers,
    status: outgoing.statusCode,
    headers: { ...outgoing.getHeaders(), ...copy.headers },
    text: Buffer.concat(copy.chunks).toString(),
  });
  complaints.push(...found);
}
