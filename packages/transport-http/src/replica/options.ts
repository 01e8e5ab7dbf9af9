/** What an embedder says once, and the limits that hold then. */
import type { Duplex } from "node:stream";

import type { PeerTrust } from "../auth/peer-trust.ts";
import type { TlsSource } from "../tls.ts";
import type { ReplicaEvent } from "./events.ts";

/** Every buffer and wait has a limit. Times in milliseconds, sizes in bytes. */
export interface ReplicaLimits {
  /** Largest request and largest reply; default 4 MiB and 64 KiB. */
  readonly messageMaxBytes: number;
  /** Most exchanges with one peer at once, each on a connection of its own; default 16. */
  readonly exchangesMax: number;
  /** Most idle connections kept to one peer; default 4. */
  readonly idleSocketsMax: number;
  /** An idle connection is closed after this; default 60,000. */
  readonly idleTimeoutMs: number;
  /** An exchange without a whole answer ends after this, whatever its caller says; default 30,000. */
  readonly exchangeTimeoutMs: number;
  /** Most requests with a body of peers under way at once; further ones are answered 503; default 64. */
  readonly bodiesMax: number;
  /** The body of a request has to be there after this; default 10,000. */
  readonly bodyTimeoutMs: number;
  /** How long what is left of a refused request is read and thrown away; default 1000. */
  readonly lingerMs: number;
  /** At most one event for one peer in this time; default 5000. */
  readonly eventEveryMs: number;
  /** Most peers, and most addresses of refused senders, that events tell apart; default 256. */
  readonly eventPeersMax: number;
}

export const defaultReplicaLimits: ReplicaLimits = {
  messageMaxBytes: 4 * 1024 * 1024 + 64 * 1024,
  exchangesMax: 16,
  idleSocketsMax: 4,
  idleTimeoutMs: 60_000,
  exchangeTimeoutMs: 30_000,
  bodiesMax: 64,
  bodyTimeoutMs: 10_000,
  lingerMs: 1000,
  eventEveryMs: 5000,
  eventPeersMax: 256,
};

export interface HttpReplicaTransportOptions {
  /** Whose requests and replies are believed; default `loopback`: of who runs on the same machine. */
  readonly trust?: PeerTrust;
  /** How peers are asked; default: without TLS. */
  readonly tls?: TlsSource;
  /** Address of this node, told in the head of each request to whatever carries it; proves nothing. */
  readonly from?: string;
  readonly limits?: Partial<ReplicaLimits>;
  /** Told of the connection of every request that was believed to be a peer's. Must not throw. */
  readonly onPeer?: (socket: Duplex) => void;
  /** Sees everything that a log wants. Must not throw. */
  readonly onEvent?: (event: ReplicaEvent) => void;
  /** Milliseconds from anywhere, never falling, to pace events; default `performance.now`. */
  readonly now?: () => number;
}

/** @throws RangeError when an option is out of its range */
export function resolveReplicaLimits(options: HttpReplicaTransportOptions): ReplicaLimits {
  const limits = { ...defaultReplicaLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1 || value > 0x7fff_ffff) {
      throw new RangeError(`${name} is an integer from 1 to 2,147,483,647`);
    }
  }
  if (!/^[!-~]{1,255}$/.test(options.from ?? "-")) {
    throw new RangeError("from is an address: 1 to 255 visible ASCII characters");
  }
  return limits;
}
