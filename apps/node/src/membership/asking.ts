/**
 * One question to whoever listens at an address, which may be anybody. Not `fetch`: that refuses to
 * talk to a list of ports, at which a node may well be.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import { requestTo, type SignedRequest } from "@counter/transport-http";

import { parseAddress } from "../config/addresses.ts";
import { codeOf } from "../process/error-text.ts";
import { openLink, type PeerLink } from "../security/peer-link.ts";

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
 * One question, one answer. Where nodes share a secret the question is signed, and an answer that is
 * not signed is none: it may come from anybody.
 *
 * @throws Error that says in a few words why there is no answer; {@link noAnswerInTime} is the `code`
 *   of one that only took too long
 */
export type Ask = (address: string, question: Question, limits: Limits) => Promise<Answer>;

/** {@link Ask}, of a node that speaks like this to its peers. */
export async function askBy(
  link: PeerLink,
  address: string,
  question: Question,
  { signal, timeoutMs }: Limits,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const ending = AbortSignal.any([signal, timeout]);
  try {
    const first = await exchanged(link, address, question, ending);
    const isKnownNow = first.signed !== null && challenged(link, address, first);
    return believed(link, isKnownNow ? await exchanged(link, address, question, ending) : first);
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new NoAnswerError(timeoutMs, { cause: error });
  }
}

/** {@link Ask}, in the clear. */
export const ask: Ask = (address, question, limits) => askBy(openLink, address, question, limits);

class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly code = noAnswerInTime;
  constructor(timeoutMs: number, options: ErrorOptions) {
    super(`has not answered within ${timeoutMs} ms`, options);
  }
}

interface Exchanged {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** `null` where nothing is signed. */
  readonly signed: SignedRequest | null;
}

/** Whoever is asked for the first time names what the question has to be signed over. */
function challenged({ auth }: PeerLink, address: string, first: Exchanged): boolean {
  const { status, signed, headers } = first;
  return status === 401 && signed !== null && auth?.challenged(address, signed, headers) === true;
}

function believed({ auth }: PeerLink, { status, headers, text, signed }: Exchanged): Answer {
  if (auth === null || signed === null) return { status, headers, body: parsed(text) };
  const covered = auth.verifyReply(signed, { status, headers, body: text });
  if (covered !== null) return { status, headers: covered, body: parsed(text) };
  if (status === 401)
    throw new Error("does not believe us: compare the --peer-secret-file of both");
  throw new Error("does not prove that it knows the secret in our --peer-secret-file");
}

async function exchanged(
  { auth, tls }: PeerLink,
  address: string,
  { method, path, body }: Question,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { host, port } = parseAddress(address);
  const text = body === undefined ? "" : JSON.stringify(body);
  const plain: Record<string, string> = text === "" ? {} : { "content-type": "application/json" };
  const signed =
    auth?.sign(address, { method, path, headers: plain, body: Buffer.from(text) }) ?? null;
  const headers = { ...plain, ...signed?.headers };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { host, port, method, path, headers, signal, agent: false };
    const outgoing = requestTo(options, tls());
    outgoing.on("response", resolve);
    outgoing.on("error", (error) => {
      reject(new Error(`cannot be reached (${codeOf(error) ?? "no reason"})`, { cause: error }));
    });
    outgoing.end(text);
  });
  const { statusCode: status = 0, headers: said } = incoming;
  return { status, headers: said, text: await readLimited(incoming), signed };
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
