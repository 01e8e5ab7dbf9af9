/** The server's side: upgrade requests on our path become streams. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

import type { NodeId } from "@counter/raft";

import type { VerifiedRequest } from "./auth/peer-auth.ts";
import { authOf, distrust } from "./auth/peer-trust.ts";
import type { PeerTrust } from "./auth/peer-trust.ts";
import type { TransportEvent } from "./events.ts";
import { HandshakeRefusedError, signable, signedNames } from "./handshake.ts";
import type { Handshake, Hello } from "./handshake.ts";
import { serveWithoutUpgrade } from "./plain.ts";
import type { Peer } from "./peer.ts";
import { isRefusalCode, refuse } from "./refusal.ts";
import type { Refused } from "./refusal.ts";
import { prepareSocket } from "./sockets.ts";
import type { Sockets } from "./sockets.ts";

export interface AcceptorSetup {
  readonly path: string;
  readonly handshakesMax: number;
  readonly handshake: Handshake;
  readonly trust: PeerTrust;
  readonly sockets: Sockets;
  readonly isReady: () => boolean;
  /** Whether this node may open streams to us. */
  admits(id: NodeId): boolean;
  /** The peer to hand a stream to; `null`: there are too many. Asked again after the handshake. */
  peerFor(id: NodeId): Peer | null;
  emit(event: TransportEvent): void;
  /** This connection is a peer's. */
  onPeer(socket: Duplex): void;
}

type Headers = Readonly<Record<string, string>>;

/** What is known of who dials. */
interface Proof {
  /** Why it is not believed that it is a peer; `null`: it is. */
  readonly doubt: string | null;
  /** To sign the answer with, where answers are signed. */
  readonly verified: VerifiedRequest | null;
  /** It knows the secret, and is told our challenge now: how every pair of nodes begins. */
  readonly isBeginning: boolean;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export class Acceptor {
  readonly #setup: AcceptorSetup;
  readonly #attached = new Map<Server, UpgradeListener>();
  #underWay = 0;
  #refused = 0;

  constructor(setup: AcceptorSetup) {
    this.#setup = setup;
  }

  /** Handshakes that were refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes upgrade requests of this server over, those on our path. Idempotent. */
  attach(server: Server): void {
    if (this.#attached.has(server)) return;
    const listener: UpgradeListener = (request, socket, head) => {
      if (request.url === this.#setup.path) {
        void this.#accept(request, socket, head);
      } else if (server.listenerCount("upgrade") === 1) {
        // Nobody else looks at it: without us it would have been an ordinary request.
        serveWithoutUpgrade(server, request, socket);
      }
    };
    this.#attached.set(server, listener);
    server.on("upgrade", listener);
  }

  detachAll(): void {
    for (const [server, listener] of this.#attached) server.off("upgrade", listener);
    this.#attached.clear();
  }

  async #accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    prepareSocket(socket);
    this.#setup.sockets.add(socket);
    const proof = this.#proofOf(request, socket);
    try {
      const hello = await this.#shakeHands(request, proof);
      // The await took time: the peer may have hung up, we may be closing.
      if (socket.destroyed) return;
      const peer = this.#findPeer(hello);
      const headers = this.#setup.handshake.headersFor(hello.from);
      socket.write(switchingProtocols({ ...headers, ...this.#signed(proof, headers) }));
      this.#setup.onPeer(socket);
      peer.accept({ socket, head, hello });
    } catch (error) {
      if (!(error instanceof HandshakeRefusedError)) throw error;
      this.#refuse(socket, error, proof);
    }
  }

  /** What the one who dials has proven: looked at once, because no proof counts twice. */
  #proofOf(request: IncomingMessage, socket: Duplex): Proof {
    const { trust, isReady } = this.#setup;
    const auth = authOf(trust);
    if (auth === null) {
      return { doubt: distrust(trust, socket), verified: null, isBeginning: false };
    }
    // Nobody is believed, and no proof is used up, before there is somebody to hear it.
    const verified = isReady() ? auth.verify(request) : null;
    const names = Object.keys(verified?.headers ?? {});
    const isWhole = signedNames(request.headers).every((name) => names.includes(name));
    if (verified !== null && isWhole) return { doubt: null, verified, isBeginning: false };
    const isBeginning = verified === null && auth.isChallengeMissing(request);
    return { doubt: "the proof of identity is missing or wrong", verified: null, isBeginning };
  }

  #signed({ verified }: Proof, headers: Readonly<Record<string, string>>): Headers {
    const auth = authOf(this.#setup.trust);
    if (auth === null || verified === null) return {};
    return auth.signReply(verified, { status: 101, headers: signable(headers), body: "" });
  }

  async #shakeHands(request: IncomingMessage, { doubt }: Proof): Promise<Hello> {
    const { handshake, handshakesMax } = this.#setup;
    if (!this.#setup.isReady()) throw notNow("not-ready", "this node has not started");
    if (this.#underWay >= handshakesMax) throw notNow("busy", "too many handshakes at once");
    if (request.method !== "GET") throw notNow("malformed", "streams are opened with GET");
    this.#underWay += 1;
    try {
      const admits = (id: NodeId): boolean => this.#setup.admits(id);
      return await handshake.check(request.headers, { admits, doubt: () => doubt });
    } finally {
      this.#underWay -= 1;
    }
  }

  #findPeer(hello: Hello): Peer {
    const { from: id } = hello;
    if (!this.#setup.isReady()) throw notNow("not-ready", "this node is closing");
    if (!this.#setup.admits(id)) throw notNow("not-a-member", `${id} is not a member any more`);
    const peer = this.#setup.peerFor(id);
    if (peer === null) throw notNow("busy", "too many servers that are not members");
    if (peer.contradicts(hello)) {
      const why = `${id} answers where it is known to be, so that it cannot be at ${hello.address ?? "another address"}`;
      throw new HandshakeRefusedError({ code: "duplicate-identity", peer: id }, why);
    }
    return peer;
  }

  #refuse(
    socket: Duplex,
    { code, message, peer }: HandshakeRefusedError,
    { verified, isBeginning }: Proof,
  ): void {
    if (code !== "unauthenticated" || !isBeginning) {
      this.#refused += 1;
      this.#setup.emit({ type: "refused", by: "us", peer, code, message });
    }
    const auth = authOf(this.#setup.trust);
    const more = ({ status, body }: Refused): Headers => {
      if (auth === null) return {};
      if (verified === null) return code === "unauthenticated" ? auth.challenge() : {};
      return auth.signReply(verified, { status, headers: {}, body });
    };
    if (isRefusalCode(code)) refuse(socket, { code, message }, more);
  }
}

function notNow(
  code: "not-ready" | "busy" | "malformed" | "not-a-member",
  message: string,
): HandshakeRefusedError {
  return new HandshakeRefusedError({ code, peer: null }, message);
}

function switchingProtocols(headers: Readonly<Record<string, string>>): string {
  const lines = ["HTTP/1.1 101 Switching Protocols"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
