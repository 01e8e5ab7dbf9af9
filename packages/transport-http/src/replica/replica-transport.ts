/**
 * Exchanges between the nodes of eventual mode over the HTTP port that they have anyway: every
 * request of the core is an HTTP request, its reply the answer to it. `docs/wire.md` §9.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Address, ExchangeKind, ReplicaTransport, TransportHandler } from "@counter/eventual";

import type { PeerTrust } from "../auth/peer-trust.ts";
import { Sockets } from "../sockets.ts";
import { noTls } from "../tls.ts";
import { ReplicaClient } from "./client.ts";
import { ReplicaExchangeError } from "./errors.ts";
import { Pace } from "./events.ts";
import { resolveReplicaLimits } from "./options.ts";
import type { HttpReplicaTransportOptions } from "./options.ts";
import { isExchange } from "./routes.ts";
import { ReplicaServer } from "./server.ts";

/**
 * @example
 * ```ts
 * const auth = new PeerAuth([secret]);
 * const transport = new HttpReplicaTransport({ trust: { kind: "secret", auth } });
 * const server = createServer((request, response) => {
 *   if (transport.handles(request)) transport.handle(request, response);
 *   else app(request, response);
 * });
 * const node = await EventualNode.start({ journal, transport, ... });
 * ```
 */
export class HttpReplicaTransport implements ReplicaTransport {
  readonly #options: HttpReplicaTransportOptions;
  readonly #client: ReplicaClient;
  readonly #server: ReplicaServer;
  readonly #sockets = new Sockets();
  readonly #pace: Pace;
  #handler: TransportHandler | null = null;
  #closed = false;

  /** @throws RangeError when an option is out of its range */
  constructor(options: HttpReplicaTransportOptions) {
    const limits = resolveReplicaLimits(options);
    const trust: PeerTrust = options.trust ?? { kind: "loopback" };
    this.#options = options;
    this.#pace = new Pace({
      everyMs: limits.eventEveryMs,
      keysMax: limits.eventPeersMax,
      now: options.now ?? (() => performance.now()),
    });
    const { from = null, tls = noTls } = options;
    this.#client = new ReplicaClient(limits, { trust, from, tls });
    this.#server = new ReplicaServer({
      limits,
      trust,
      sockets: this.#sockets,
      onPeer: (socket) => options.onPeer?.(socket),
      handler: () => (this.#closed ? null : this.#handler),
      refused: (from, { code, message }) => {
        const count = this.#pace.admit(`from ${from ?? ""}`, code);
        if (count > 0) options.onEvent?.({ type: "refused", from, code, message, count });
      },
    });
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== null || this.#closed) throw new Error("started already");
    this.#handler = handler;
  }

  /**
   * Whether a request is a peer's. Ask before anything else looks at it: on a path of the public
   * interface it would be taken for a client's.
   */
  handles(request: IncomingMessage): boolean {
    return isExchange(request);
  }

  /** Answers a request that {@link handles} claims. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    void this.#server.serve(request, response);
  }

  /**
   * As {@link ReplicaTransport.exchange}.
   *
   * @throws ReplicaExchangeError with a `code` for every way to fail
   */
  async exchange(
    to: Address,
    kind: ExchangeKind,
    request: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    try {
      const reply = await this.#client.exchange(to, kind, request, signal);
      this.#connected(to);
      return reply;
    } catch (error) {
      if (error instanceof ReplicaExchangeError) this.#failed(error);
      throw error;
    }
  }

  /** Ends every exchange and every connection to and from peers. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#client.close();
    await this.#sockets.destroyAll();
  }

  #connected(peer: Address): void {
    const count = this.#pace.admit(`to ${peer}`, "connected", { once: true });
    if (count > 0) this.#options.onEvent?.({ type: "connected", peer });
  }

  #failed({ code, reason, peer, kind, message }: ReplicaExchangeError): void {
    if (code === "REPLICA_ABORTED" || code === "REPLICA_CLOSED") return; // our own doing
    const count = this.#pace.admit(`to ${peer}`, code);
    if (count > 0) {
      this.#options.onEvent?.({ type: "failed", peer, kind, code, reason, message, count });
    }
  }
}
