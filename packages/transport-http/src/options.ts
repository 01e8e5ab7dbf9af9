/** What an embedder says once, and the limits that hold then. */
import type { Duplex } from "node:stream";

import type { NodeId } from "@counter/raft";

import type { PeerTrust } from "./auth/peer-trust.ts";
import type { TransportEvent } from "./events.ts";
import type { TlsSource } from "./tls.ts";

/**
 * Directory ids that were seen before, kept durably. A member whose disk was wiped comes back with
 * another one and is refused: it has forgotten its vote and could vote twice in one term.
 */
export interface KnownDirectories {
  /** The directory id of this member; `null` if it was never heard of. */
  get(id: NodeId): string | null;
  /** Resolves when it is on the disk. No message of that member is delivered before. */
  remember(id: NodeId, directoryId: string): Promise<void>;
}

/** Every queue, buffer and wait has a limit. Times in milliseconds, sizes in bytes. */
export interface TransportLimits {
  /** Largest frame, sent or received; default 8 MiB. Above the largest message of the core. */
  readonly frameMaxBytes: number;
  /** Most bytes waiting for one stream; default 16 MiB. At least `frameMaxBytes`. */
  readonly queueMaxBytes: number;
  /** Most messages waiting for one stream; default 4096. */
  readonly queueMaxMessages: number;
  /** Most handshakes of peers under way at once; further ones are answered 503; default 64. */
  readonly handshakesMax: number;
  /** Most senders that are no members, with `admit: "cluster"`; default 16. */
  readonly strangersMax: number;
  /** Longest wait for the answer to a dial; default 2000. */
  readonly dialTimeoutMs: number;
  /** The first wait before dialling again lasts between nothing and this; default 50. */
  readonly backoffMinMs: number;
  /** The waits grow to between nothing and this; default 2000. */
  readonly backoffMaxMs: number;
  /** A stream on which nothing was sent for this long carries a ping; default 1000. */
  readonly pingEveryMs: number;
  /** A stream from which nothing came for this long is closed; default 5000. */
  readonly idleTimeoutMs: number;
  /** `unreachable` is called at most this often for one peer while messages are dropped; default 250. */
  readonly unreachableEveryMs: number;
  /** The streams of a member that was removed live on for this long; default 5000. */
  readonly lingerMs: number;
}

export const defaultTransportLimits: TransportLimits = {
  frameMaxBytes: 8 * 1024 * 1024,
  queueMaxBytes: 16 * 1024 * 1024,
  queueMaxMessages: 4096,
  handshakesMax: 64,
  strangersMax: 16,
  dialTimeoutMs: 2000,
  backoffMinMs: 50,
  backoffMaxMs: 2000,
  pingEveryMs: 1000,
  idleTimeoutMs: 5000,
  unreachableEveryMs: 250,
  lingerMs: 5000,
};

export interface HttpTransportOptions {
  /** This server's id in the cluster. */
  readonly id: NodeId;
  /** 1–128 visible ASCII characters, the same on every member. */
  readonly clusterId: string;
  /** Names the data directory, not the server: random, 1–128 visible ASCII characters. */
  readonly directoryId: string;
  readonly knownDirectories: KnownDirectories;
  /**
   * Where the others should dial this server, as `setMembers` spells it. They refuse a stream of a
   * server that says it is elsewhere while they are connected to it where they know it: one of the
   * two is a copy. Default: not said.
   */
  readonly address?: string;
  /** A name for people, shown in the statistics of peers; at most 128 characters. */
  readonly label?: string;
  /** The path of the streams on the HTTP server; default `/raft/stream`. The same on every member. */
  readonly path?: string;
  /**
   * Whose streams are accepted: those of `members` (default), or of everybody in the `cluster`.
   * Raft (§6) lets a server that is behind hear a leader that it does not know as a member yet;
   * with `members` it hears nobody until a member that it knows leads.
   */
  readonly admit?: "members" | "cluster";
  /** Whom this server takes for a peer; default `loopback`: only who runs on the same machine. */
  readonly trust?: PeerTrust;
  /** How peers are dialled; default: without TLS. */
  readonly tls?: TlsSource;
  readonly limits?: Partial<TransportLimits>;
  /** Told of the connection of every request that was believed to be a peer's. Must not throw. */
  readonly onPeer?: (socket: Duplex) => void;
  /** Sees everything that a log or a metric wants. Must not throw. */
  readonly onEvent?: (event: TransportEvent) => void;
  /** A number from 0 to below 1, for the jitter of redials; default `Math.random`. */
  readonly random?: () => number;
}

const NAME = /^[\x21-\x7e]{1,128}$/;
const PATH = /^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/; // no query and no fragment
const LONE_SURROGATE = /\p{Surrogate}/u;
const LABEL_MAX_CHARACTERS = 128;

/** Whether a text can name a node, a cluster or a directory. */
export function isName(text: string | undefined): text is string {
  return text !== undefined && NAME.test(text);
}

/** @throws RangeError when an option is out of its range */
export function resolveLimits(options: HttpTransportOptions): TransportLimits {
  const limits = { ...defaultTransportLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    demand(Number.isSafeInteger(value) && value > 0, `${name} is a positive integer`);
  }
  demand(limits.frameMaxBytes >= 1024, "frameMaxBytes is at least 1024");
  demand(limits.frameMaxBytes <= 0x7fff_ffff, "frameMaxBytes is below 2 GiB");
  demand(limits.queueMaxBytes >= limits.frameMaxBytes, "queueMaxBytes holds at least one frame");
  demand(limits.backoffMinMs <= limits.backoffMaxMs, "backoffMinMs is at most backoffMaxMs");
  demand(limits.pingEveryMs * 2 <= limits.idleTimeoutMs, "idleTimeoutMs is at least two pings");
  demand(isName(options.id), "id is 1-128 visible ASCII characters");
  demand(isName(options.clusterId), "clusterId is 1-128 visible ASCII characters");
  demand(isName(options.directoryId), "directoryId is 1-128 visible ASCII characters");
  demand(isName(options.address ?? "none"), "address is 1-128 visible ASCII characters");
  demand(PATH.test(options.path ?? "/"), "path is absolute, in ASCII and without a query");
  const label = options.label ?? "";
  demand(label.length <= LABEL_MAX_CHARACTERS, "label is at most 128 characters");
  demand(!LONE_SURROGATE.test(label), "label is well-formed");
  return limits;
}

function demand(holds: boolean, requirement: string): void {
  if (!holds) throw new RangeError(requirement);
}
