/**
 * One question to whoever listens at an address, which may be anybody. Not `fetch`: that refuses to
 * talk to a list of ports, at which a node may well be.
 */
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";

import { parseAddress } from "./config/addresses.ts";
import { codeOf } from "./error-text.ts";

/** Longest answer that is read; that of a cluster of the largest size is far shorter. */
export const answerMaxBytes: number = 256 * 1024;

/** The `code` of the error when whoever is there takes too long. */
export const noAnswerInTime = "NO_ANSWER_IN_TIME";

export interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What the body says; `undefined` if it is no JSON. */
  readonly body: unknown;
}

export interface Limits {
  /** Ends the asking; the promise then rejects. */
  readonly signal: AbortSignal;
  /** Longest wait for the whole answer, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * @throws Error that says in a few words why there is no answer; {@link noAnswerInTime} is the `code`
 *   of one that only took too long
 */
export async function ask(
  address: string,
  question: Question,
  { signal, timeoutMs }: Limits,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const incoming = await opened(address, question, AbortSignal.any([signal, timeout]));
    const { statusCode = 0, headers } = incoming;
    return { status: statusCode, headers, body: parsed(await readLimited(incoming)) };
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new NoAnswerError(timeoutMs, { cause: error });
  }
}

class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly code = noAnswerInTime;
  constructor(timeoutMs: number, options: ErrorOptions) {
    super(`has not answered within ${timeoutMs} ms`, options);
  }
}

function opened(
  address: string,
  { method, path, body }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { host, port } = parseAddress(address);
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = text === "" ? {} : { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path, headers, signal, agent: false };
    const outgoing = request(options, resolve);
    outgoing.on("error", (error) => {
      reject(new Error(`cannot be reached (${codeOf(error) ?? "no reason"})`, { cause: error }));
    });
    outgoing.end(text);
  });
}

async function readLimited(incoming: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      if (!(chunk instanceof Uint8Array)) throw new Error("an answer of text chunks");
      bytes += chunk.length;
      if (bytes > answerMaxBytes) throw new Error("answers too much");
      chunks.push(chunk);
    }
  } finally {
    incoming.destroy();
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // something else answers at that address: the status is all there is to tell
  }
}
