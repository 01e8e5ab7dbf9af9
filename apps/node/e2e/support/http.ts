/** One HTTP exchange, with nothing between us and the server that might retry or hide a failure. */
import { request, type Agent, type IncomingHttpHeaders } from "node:http";

import { Description } from "../../src/test-support/described.ts";

export interface Call {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Without one, the connection is closed after the exchange. */
  readonly agent?: Agent;
  /** Longest wait for the whole reply in milliseconds; default 8000. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let description: Description | null = null;

/** @throws Error if the reply is not what docs/openapi.json says: nobody would know what it means */
function requireDescribed({ method, path, headers = {} }: Call, reply: Reply): void {
  description ??= new Description();
  const lower = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const requestHeaders = Object.fromEntries(lower);
  const found = description.complaints({ method, path, requestHeaders, ...reply });
  if (found.length > 0) throw new Error(`docs/openapi.json does not say so: ${found.join("\n")}`);
}

/** Rejects with the socket's error, or with code `ETIMEDOUT` when no complete reply came in time. */
export function exchange(call: Call): Promise<Reply> {
  const { port, method, path, headers = {}, body, agent, timeoutMs = 8000 } = call;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, method, path, headers, agent: agent ?? false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("end", () => {
          clearTimeout(timer);
          const text = Buffer.concat(chunks).toString();
          const reply = { status: incoming.statusCode ?? 0, headers: incoming.headers, text };
          try {
            requireDescribed(call, reply);
            resolve(reply);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
        incoming.once("error", fail);
      },
    );
    function fail(error: Error): void {
      clearTimeout(timer);
      reject(error);
    }
    const timer = setTimeout(() => {
      const late = new Error(`no reply within ${timeoutMs} ms`);
      outgoing.destroy(Object.assign(late, { code: "ETIMEDOUT" }));
    }, timeoutMs);
    outgoing.once("error", fail);
    outgoing.end(body);
  });
}

/** `code` of a system error. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return String(error.code);
}

/** A header that is sent at most once. */
export function headerOf(reply: Reply, name: string): string | null {
  const value = reply.headers[name];
  return typeof value === "string" ? value : null;
}
