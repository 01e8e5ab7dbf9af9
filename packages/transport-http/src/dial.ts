/** Opens one stream to a peer. This is the only place that connects to anybody. */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { NodeId } from "@counter/raft";

import type { PeerAddress } from "./address.ts";
import type { PeerAuth, SignedRequest } from "./auth/peer-auth.ts";
import { isRefusalCode } from "./refusal.ts";
import { HandshakeRefusedError, signable, signedNames } from "./handshake.ts";
import type { Handshake, Hello } from "./handshake.ts";
import { prepareSocket } from "./sockets.ts";
import type { Sockets } from "./sockets.ts";
import { requestTo } from "./tls.ts";
import type { TlsSource } from "./tls.ts";

export interface DialTarget {
  readonly peer: NodeId;
  readonly address: PeerAddress;
  readonly path: string;
  readonly timeoutMs: number;
}

/** An upgraded socket on which nothing was read yet, and bytes that came with the upgrade. */
export interface Dialled {
  readonly socket: Duplex;
  readonly head: Uint8Array;
  readonly hello: Hello;
}

/** How we dial, whomever. */
export interface DialContext {
  readonly handshake: Handshake;
  readonly sockets: Sockets;
  /** `null`: nobody has to prove who he is. */
  readonly auth: PeerAuth | null;
  readonly tls: TlsSource;
}

interface Upgraded {
  readonly socket: Duplex;
  readonly head: Uint8Array;
  readonly answer: IncomingMessage;
  /** `null` where nothing is signed. */
  readonly signed: SignedRequest | null;
}

/** Says who we are in a way that the other end does not take yet, and may take the next time. */
class ChallengedError extends Error {}

/** What an answer may say without proving who says it: nothing that a node would act on. */
const unprovenCodes: ReadonlySet<string> = new Set(["unauthenticated", "not-ready", "busy"]);

/** A refusal is a short JSON object; whatever else is longer is not read. */
const REFUSAL_MAX_BYTES = 4096;

/**
 * Dials and shakes hands.
 *
 * @param signal - gives up; the promise rejects
 * @throws HandshakeRefusedError when one of the two ends refuses; another Error when nobody answers
 */
export async function dial(
  target: DialTarget,
  context: DialContext,
  signal: AbortSignal,
): Promise<Dialled> {
  const { socket, head, answer, signed } = await upgradeOnceMore(target, context, signal);
  const { handshake, auth } = context;
  const doubt = (): string | null =>
    auth === null || signed === null || isProven(auth, signed, answer)
      ? null
      : "the answer does not prove that its sender knows the secret";
  try {
    const hello = await handshake.check(answer.headers, {
      admits: (id) => id === target.peer,
      doubt,
    });
    return { socket, head, hello };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Whoever is asked for the first time names the challenge that we have to sign over. */
async function upgradeOnceMore(
  target: DialTarget,
  context: DialContext,
  signal: AbortSignal,
): Promise<Upgraded> {
  try {
    return await upgrade(target, context, signal);
  } catch (error) {
    if (!(error instanceof ChallengedError)) throw error;
  }
  return upgrade(target, context, signal).catch((error: unknown) => {
    throw error instanceof ChallengedError ? error.cause : error;
  });
}

function isProven(auth: PeerAuth, signed: SignedRequest, answer: IncomingMessage): boolean {
  const status = answer.statusCode ?? 0;
  const reply = { status, headers: answer.headers, body: "" };
  const covered = auth.verifyReply(signed, reply);
  return covered !== null && signedNames(answer.headers).every((name) => name in covered);
}

function nameOf({ host, port }: PeerAddress): string {
  return `${host} ${port}`;
}

function upgrade(
  { peer, address, path, timeoutMs }: DialTarget,
  { handshake, sockets, auth, tls }: DialContext,
  signal: AbortSignal,
): Promise<Upgraded> {
  const plain = handshake.headersFor(peer);
  const content = { method: "GET", path, headers: signable(plain), body: new Uint8Array(0) };
  const signed = auth?.sign(nameOf(address), content) ?? null;
  const { host, port } = address;
  const headers = { ...plain, ...signed?.headers };
  return new Promise((resolve, reject) => {
    const options = { host, port, path, method: "GET", headers, agent: false, signal };
    const dialling = requestTo(options, tls());
    const timer = setTimeout(() => {
      dialling.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    dialling.on("socket", (socket) => sockets.add(socket));
    dialling.on("error", reject);
    dialling.on("close", () => {
      clearTimeout(timer);
      // Settled already, unless the other end hung up without a word.
      reject(new Error("the connection was closed before an answer"));
    });
    dialling.on("upgrade", (answer, socket, head) => {
      clearTimeout(timer);
      prepareSocket(socket);
      resolve({ socket, head, answer, signed });
    });
    dialling.on("response", (answer) => {
      readRefusal(answer, dialling, (text) => {
        const error = refusalIn(text, answer, peer);
        reject(auth === null || signed === null ? error : weighed(error, text));
      });
      const weighed = (error: HandshakeRefusedError, body: string): Error => {
        const { statusCode: status = 0, headers: said } = answer;
        if (auth === null || signed === null) return error;
        if (auth.verifyReply(signed, { status, headers: said, body }) !== null) return error;
        const isChallenge = status === 401 && auth.challenged(nameOf(address), signed, said);
        if (isChallenge) return new ChallengedError("", { cause: error });
        return unprovenCodes.has(error.code) ? error : unproven(error);
      };
    });
    dialling.end();
  });
}

function readRefusal(
  answer: IncomingMessage,
  dialling: ClientRequest,
  done: (text: string) => void,
): void {
  let text = "";
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => {
    text += chunk;
    if (text.length > REFUSAL_MAX_BYTES) dialling.destroy();
  });
  answer.on("close", () => {
    done(text);
    dialling.destroy();
  });
}

function refusalIn(text: string, answer: IncomingMessage, peer: NodeId): HandshakeRefusedError {
  const { code, message } = parseRefusal(text);
  const why = message ?? `HTTP status ${answer.statusCode ?? 0} instead of a stream`;
  return new HandshakeRefusedError({ code, by: "them", peer }, why);
}

/** Anybody may have said it. */
function unproven({ code, peer, message }: HandshakeRefusedError): HandshakeRefusedError {
  const why = `somebody who does not prove to know the secret says "${code}": ${message}`;
  return new HandshakeRefusedError({ code: "unknown", by: "them", peer }, why);
}

function parseRefusal(text: string): {
  code: HandshakeRefusedError["code"];
  message: string | null;
} {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not one of ours: some other server answers at that address.
    return { code: "unknown", message: null };
  }
  const has = (name: string): unknown =>
    typeof parsed === "object" && parsed !== null
      ? Object.getOwnPropertyDescriptor(parsed, name)?.value
      : undefined;
  const [code, message] = [has("code"), has("message")];
  return {
    code: isRefusalCode(code) ? code : "unknown",
    message: typeof message === "string" ? message : null,
  };
}
