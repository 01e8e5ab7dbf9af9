/** What a gossiping member is started with. */
import type { MemberEvent, Note } from "../core/door.ts";
import { defaultLimits, defaultVersions, lanTiming } from "../core/options.ts";
import type { GossipLimits, GossipTiming } from "../core/options.ts";
import type { Address, Incarnation, MemberName, Versions } from "../types.ts";
import { labelBytes } from "../wire/label.ts";
import type { WireOptions } from "../wire/options.ts";
import { packetOverhead } from "../wire/packet.ts";
import type { Refusal } from "../wire/refusal.ts";
import { DEFAULT_PORT } from "./addresses.ts";
import type { Keyring } from "./keyring.ts";
import { checkSeeds, type SeedSource } from "./seeds.ts";

/** A message of the layer above that arrived. */
export interface LayerMessage {
  readonly from: Address;
  readonly payload: Uint8Array;
  /** It came over a stream. */
  readonly reliable: boolean;
}

/** The layer above membership. Called while the core is being stepped: it must not block. */
export interface GossipLayer {
  /** A user message. What is wrong with it is the layer's to refuse and count; it never throws. */
  receive(message: LayerMessage): void;
  /** What goes along with our table in a push/pull; empty for nothing. */
  userState(join: boolean): Uint8Array;
  /** What came along with another one's. */
  mergeUserState(state: Uint8Array, join: boolean): void;
  /** Something happened to a member. */
  onMember?(event: MemberEvent): void;
}

/** Sees everything and changes nothing: for logs and metrics. Must not throw. */
export interface GossipObserver {
  /** A note of the core. */
  onNote?(note: Note): void;
  /** Bytes that were not accepted; `from` is null where the layer above does not know it. */
  onRefused?(refusal: Refusal, from: Address | null): void;
  /** The system refused to send, or told of something that did not arrive. */
  onSocketError?(error: Error): void;
  /** A seed could not be looked up; it will be tried again. */
  onSeedFailed?(seed: string, error: unknown): void;
  /** Others on other machines are told an address that only this one can reach. */
  onLoopbackAdvertised?(address: Address): void;
}

export interface GossipNodeOptions {
  /** Unique in the cluster, 1 to 255 bytes, kept for life. */
  readonly name: MemberName;
  /** Where to listen: an address, never a name. By default all of IPv4. */
  readonly bindHost?: string;
  /** 0: any that is free. By default 7946. */
  readonly bindPort?: number;
  /** What the others are told: an address or the name of an interface; see `advertisedHost`. */
  readonly advertiseHost?: string;
  /** By default the port that is bound. */
  readonly advertisePort?: number;
  /** At most 512 bytes about this member. */
  readonly meta?: Uint8Array;
  /** Where others may be found; joined at the start and looked at for ever. */
  readonly seeds?: SeedSource;
  /** How often seeds are looked up again. By default every 30 s; while alone every 2 s, sooner at first. */
  readonly seedLookupMs?: number;
  /** Servers of DNS, `address` or `address:port`. By default the system's. */
  readonly dnsServers?: readonly string[];
  /** Encrypts everything; only members with the same keys are heard. */
  readonly keyring?: Keyring;
  /** False only while a plain cluster is being moved to encryption; see `WireOptions`. */
  readonly verifyIncoming?: boolean;
  readonly verifyOutgoing?: boolean;
  /** Keeps clusters apart that share a network; Serf 0.9 and older have none. */
  readonly label?: string;
  /** By default memberlist's for a local network. */
  readonly timing?: Partial<GossipTiming>;
  readonly limits?: Partial<GossipLimits>;
  readonly versions?: Versions;
  /** One more than the last of the process before, where that is known. */
  readonly incarnation?: Incarnation;
  /** Compress where it helps. By default true. */
  readonly compress?: boolean;
  readonly layer?: GossipLayer;
  readonly observer?: GossipObserver;
}

/** Options with all that was left out. */
export interface FullOptions {
  readonly name: MemberName;
  readonly bind: Address;
  readonly meta: Uint8Array;
  readonly seeds: SeedSource;
  readonly seedLookupMs: number;
  readonly wire: WireOptions;
  readonly timing: GossipTiming;
  readonly limits: GossipLimits;
  readonly versions: Versions;
  readonly incarnation: Incarnation;
  readonly compress: boolean;
}

const noBytes: Uint8Array = new Uint8Array(0);

/** @throws RangeError or GossipAddressError that says what is out of its range */
export function fullOptions(options: GossipNodeOptions): FullOptions {
  const wire: WireOptions = {
    label: labelBytes(options.label ?? ""),
    cipher: options.keyring ?? null,
    encryptionVersion: 1,
    verifyIncoming: options.verifyIncoming ?? true,
    verifyOutgoing: options.verifyOutgoing ?? true,
  };
  const seeds = options.seeds ?? [];
  checkSeeds(seeds);
  const seedLookupMs = options.seedLookupMs ?? 30_000;
  if (!(seedLookupMs >= 10)) throw new RangeError("seedLookupMs must be at least 10");
  return {
    name: options.name,
    bind: { host: options.bindHost ?? "0.0.0.0", port: options.bindPort ?? DEFAULT_PORT },
    meta: options.meta ?? noBytes,
    seeds,
    seedLookupMs,
    wire,
    timing: { ...lanTiming, ...options.timing },
    limits: { ...defaultLimits, packetReservedBytes: packetOverhead(wire), ...options.limits },
    versions: options.versions ?? defaultVersions,
    incarnation: options.incarnation ?? 1,
    compress: options.compress ?? true,
  };
}
