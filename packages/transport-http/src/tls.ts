/** How peers are dialled: in the clear, or over TLS. */
import { Agent, request as httpRequest } from "node:http";
import type { AgentOptions, ClientRequest, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { SecureContextOptions } from "node:tls";

/** What this node shows to peers, and by what it knows them. */
export type PeerTls = Pick<SecureContextOptions, "ca" | "cert" | "key" | "minVersion">;

/**
 * Asked for every connection, so that certificates can be changed while the node runs; the same
 * object as long as they are the same. `null`: no TLS.
 */
export type TlsSource = () => PeerTls | null;

export const noTls: TlsSource = () => null;

/** A request that is not sent yet. Over TLS the host that is dialled must be in the certificate. */
export function requestTo(options: RequestOptions, tls: PeerTls | null): ClientRequest {
  return tls === null ? httpRequest(options) : httpsRequest({ ...options, ...tls });
}

/** Connections that stay open between requests, and are let go when the certificates change. */
export class KeptConnections {
  readonly #options: AgentOptions;
  readonly #source: TlsSource;
  readonly #lingerMs: number;
  #tls: PeerTls | null;
  #agent: Agent;

  /** @param lingerMs - the longest that a request lasts, in milliseconds */
  constructor(options: AgentOptions, source: TlsSource, lingerMs: number) {
    this.#options = options;
    this.#source = source;
    this.#lingerMs = lingerMs;
    this.#tls = source();
    this.#agent = this.#newAgent();
  }

  /** What requests are sent with now. Those that are under way go on as they began. */
  now(): { readonly agent: Agent; readonly tls: PeerTls | null } {
    const tls = this.#source();
    if (tls !== this.#tls) {
      const former = this.#agent;
      this.#tls = tls;
      this.#agent = this.#newAgent();
      setTimeout(() => former.destroy(), this.#lingerMs).unref();
    }
    return { agent: this.#agent, tls };
  }

  destroy(): void {
    this.#agent.destroy();
  }

  #newAgent(): Agent {
    return this.#tls === null ? new Agent(this.#options) : new HttpsAgent(this.#options);
  }
}
