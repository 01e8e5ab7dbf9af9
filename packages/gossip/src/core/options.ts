import type { Address, Incarnation, MemberName, Versions } from "../types.ts";
import { utf8Bytes } from "./sizes.ts";

/** The pace of the protocol. Names end in their unit; what has none is a plain number. */
export interface GossipTiming {
  /** Between two probes of a healthy member; also the unit of every suspicion. ≥ 1. */
  readonly probeIntervalMs: number;
  /** How long a direct answer is waited for before others are asked. Less than the interval. */
  readonly probeTimeoutMs: number;
  /**
   * A member that has always answered sooner is waited for less long, but so long at least. From
   * `probeTimeoutMs` on: for all alike, as in memberlist.
   */
  readonly probeTimeoutMinMs: number;
  /** How many others are asked. ≥ 0. */
  readonly indirectChecks: number;
  /** A helper that heard nothing for so long says so. Less than interval and timeout leave. */
  readonly nackAfterMs: number;
  /** Whether bad health stretches the timeout as well as the interval. memberlist: no. */
  readonly scalesProbeTimeout: boolean;
  /**
   * A tick so late means that this member was not listening: what it thought in that time does not
   * count. After one that is less late, others are still asked before anybody is suspected. 0: it
   * always counts, and nobody is asked any more when it is too late for that, as in memberlist.
   */
  readonly stallMs: number;
  /** One more than the worst score of health. ≥ 1. */
  readonly awarenessMax: number;
  /** Shortest suspicion, in probe intervals for ten members. ≥ 1. */
  readonly suspicionMult: number;
  /** Longest suspicion, in shortest ones. ≥ 1. */
  readonly suspicionMaxTimeoutMult: number;
  /** Rumours are sent so many times the logarithm of the number of members. ≥ 1. */
  readonly retransmitMult: number;
  readonly gossipIntervalMs: number;
  /** To how many members at a time. ≥ 0. */
  readonly gossipNodes: number;
  /** Members that failed are gossiped to for so long, so that one that lives can object. */
  readonly gossipToTheDeadMs: number;
  /** Between two exchanges of the whole table; longer above 32 members. 0: none. */
  readonly pushPullIntervalMs: number;
  /** Longest time of an exchange on a stream. */
  readonly streamTimeoutMs: number;
  /** Between two attempts to reach one that failed; that is how partitions heal. 0: never. */
  readonly reconnectIntervalMs: number;
  /** Between two looks at a seed that is no living member. 0: never. */
  readonly seedIntervalMs: number;
  /** Between two attempts to join while nobody is known. */
  readonly joinRetryMs: number;
  /** For so long members that are gone are remembered. */
  readonly tombstoneMs: number;
  /** Longest time that leaving takes. */
  readonly leaveTimeoutMs: number;
}

/** What is never exceeded, whatever arrives. */
export interface GossipLimits {
  /** Largest packet, in bytes. 900–65507. */
  readonly packetMaxBytes: number;
  /** Of which the host wants so many for labels, checksums and encryption. */
  readonly packetReservedBytes: number;
  /** Members remembered, this one and those that are gone included. */
  readonly membersMax: number;
  /**
   * Members that take part as one host told us, and that never answered us themselves. Less than
   * `membersMax`, so that one source does not fill it; a newcomer learns so many from one seed.
   */
  readonly membersPerSourceMax: number;
  /** Rumours about members that wait to be sent. */
  readonly rumorsMaxBytes: number;
  /** Broadcasts of the layer above that wait to be sent; further ones are refused. */
  readonly broadcastsMaxBytes: number;
  /** A message to one member over a stream. */
  readonly userMessageMaxBytes: number;
  /** Largest step of an incarnation that is believed. */
  readonly incarnationJumpMax: number;
  /** Pings that are made for others at the same time. */
  readonly relaysMax: number;
  /** Exchanges that this member began and that are not over. */
  readonly exchangesMax: number;
  /** Addresses to join and seeds, each. */
  readonly addressesMax: number;
}

export interface GossipOptions {
  readonly name: MemberName;
  /** Where the others reach this member. */
  readonly address: Address;
  readonly meta: Uint8Array;
  readonly versions: Versions;
  /** The first one; one more than the last of the process before, where that is known. */
  readonly incarnation: Incarnation;
  /** Any 32-bit integer; another one for every member and start. */
  readonly seed: number;
  readonly timing: GossipTiming;
  readonly limits: GossipLimits;
}

/** Bytes of metadata, as memberlist has it. */
export const metaMaxBytes: number = 512;
/** Bytes that our acks carry for the layer above. */
export const ackPayloadMaxBytes: number = 512;
/** Bytes of a member's name. */
export const nameMaxBytes: number = 255;
/** Largest incarnation and sequence number: unsigned 32 bits. */
export const uint32Max: number = 0xffff_ffff;

/** memberlist's defaults for a local network, and those of Serf where it is Serf that does it. */
export const lanTiming: GossipTiming = {
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  probeTimeoutMinMs: 150,
  indirectChecks: 3,
  nackAfterMs: 400,
  scalesProbeTimeout: true,
  stallMs: 500,
  awarenessMax: 8,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  retransmitMult: 4,
  gossipIntervalMs: 200,
  gossipNodes: 3,
  gossipToTheDeadMs: 30_000,
  pushPullIntervalMs: 30_000,
  streamTimeoutMs: 10_000,
  reconnectIntervalMs: 30_000,
  seedIntervalMs: 30_000,
  joinRetryMs: 1000,
  tombstoneMs: 24 * 3_600_000,
  leaveTimeoutMs: 5000,
};

/** memberlist's defaults between data centres. */
export const wanTiming: GossipTiming = {
  ...lanTiming,
  probeIntervalMs: 5000,
  probeTimeoutMs: 3000,
  probeTimeoutMinMs: 600,
  nackAfterMs: 1600,
  stallMs: 3000,
  suspicionMult: 6,
  gossipIntervalMs: 500,
  gossipNodes: 4,
  gossipToTheDeadMs: 60_000,
  pushPullIntervalMs: 60_000,
  streamTimeoutMs: 30_000,
};

/** memberlist's defaults on one machine. */
export const localTiming: GossipTiming = {
  ...lanTiming,
  probeTimeoutMs: 200,
  probeTimeoutMinMs: 100,
  indirectChecks: 1,
  nackAfterMs: 640,
  suspicionMult: 3,
  retransmitMult: 2,
  gossipIntervalMs: 100,
  gossipToTheDeadMs: 15_000,
  pushPullIntervalMs: 15_000,
  streamTimeoutMs: 1000,
};

export const defaultLimits: GossipLimits = {
  packetMaxBytes: 1400,
  packetReservedBytes: 0,
  membersMax: 16_384,
  membersPerSourceMax: 12_288,
  rumorsMaxBytes: 4 * 1024 * 1024,
  broadcastsMaxBytes: 1024 * 1024,
  userMessageMaxBytes: 20 * 1024 * 1024,
  incarnationJumpMax: 1 << 20,
  relaysMax: 1024,
  exchangesMax: 128,
  addressesMax: 1024,
};

/** Protocol 2, understood 1 to 5, as memberlist has them; and the layer above the same, as Serf. */
export const defaultVersions: Versions = {
  protocolMin: 1,
  protocolMax: 5,
  protocol: 2,
  delegateMin: 2,
  delegateMax: 5,
  delegate: 5,
};

const timingMinima: Readonly<Record<Exclude<keyof GossipTiming, "scalesProbeTimeout">, number>> = {
  probeIntervalMs: 2,
  probeTimeoutMs: 1,
  probeTimeoutMinMs: 1,
  indirectChecks: 0,
  nackAfterMs: 1,
  stallMs: 0,
  awarenessMax: 1,
  suspicionMult: 1,
  suspicionMaxTimeoutMult: 1,
  retransmitMult: 1,
  gossipIntervalMs: 1,
  gossipNodes: 0,
  gossipToTheDeadMs: 0,
  pushPullIntervalMs: 0,
  streamTimeoutMs: 1,
  reconnectIntervalMs: 0,
  seedIntervalMs: 0,
  joinRetryMs: 1,
  tombstoneMs: 1,
  leaveTimeoutMs: 1,
};

const limitMinima: Readonly<Record<keyof GossipLimits, number>> = {
  packetMaxBytes: 900,
  packetReservedBytes: 0,
  membersMax: 1,
  membersPerSourceMax: 1,
  rumorsMaxBytes: 1024,
  broadcastsMaxBytes: 0,
  userMessageMaxBytes: 0,
  incarnationJumpMax: 1,
  relaysMax: 1,
  exchangesMax: 1,
  addressesMax: 1,
};

/** Whatever a member may say of itself fits into a packet: a long name, and all metadata. */
const packetUsableMinBytes = 900;

function checkNumbers<K extends string>(
  values: Readonly<Record<K, number>>,
  minima: Readonly<Record<K, number>>,
): void {
  for (const name in minima) {
    const value = values[name];
    if (!Number.isSafeInteger(value) || value < minima[name]) {
      throw new RangeError(`${name} must be an integer of at least ${minima[name]}`);
    }
  }
}

/** @throws {RangeError} that names the first setting that is out of its range */
export function validateTiming(timing: GossipTiming): void {
  checkNumbers(timing, timingMinima);
  if (timing.probeTimeoutMs >= timing.probeIntervalMs) {
    throw new RangeError("probeTimeoutMs must be less than probeIntervalMs");
  }
}

/** @throws {RangeError} that names the first setting that is out of its range */
export function validateLimits(limits: GossipLimits): void {
  checkNumbers(limits, limitMinima);
  if (limits.packetMaxBytes > 65_507) {
    throw new RangeError("packetMaxBytes must be at most 65507, which is all that UDP carries");
  }
  if (limits.packetMaxBytes - limits.packetReservedBytes < packetUsableMinBytes) {
    throw new RangeError(
      `packetReservedBytes must leave ${packetUsableMinBytes} bytes of a packet`,
    );
  }
}

/** @throws {RangeError} that names the first option that is out of its range */
export function validate(options: GossipOptions): void {
  if (!isName(options.name)) {
    throw new RangeError(`name must be 1 to ${nameMaxBytes} bytes`);
  }
  if (!isAddress(options.address)) throw new RangeError("address must have a host and a port");
  if (options.meta.length > metaMaxBytes) {
    throw new RangeError(`meta must be at most ${metaMaxBytes} bytes`);
  }
  if (!areVersions(options.versions)) throw new RangeError("versions must be bytes, in order");
  const { incarnation, seed, limits } = options;
  if (!isUint32(incarnation) || incarnation > uint32Max - limits.incarnationJumpMax) {
    throw new RangeError("incarnation must be an unsigned 32-bit number with room to grow");
  }
  if (!Number.isInteger(seed)) throw new RangeError("seed must be an integer");
  validateTiming(options.timing);
  validateLimits(limits);
}

export function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= uint32Max;
}

export function isName(name: MemberName): boolean {
  return name.length > 0 && name.length <= nameMaxBytes && utf8Bytes(name) <= nameMaxBytes;
}

export function isAddress({ host, port }: Address): boolean {
  return host.length > 0 && host.length <= 45 && Number.isInteger(port) && port > 0 && port < 65536;
}

/** Whether memberlist would take them: a smallest version that is not above the largest. */
export function areVersions(v: Versions): boolean {
  const bytes: readonly number[] = Object.values(v);
  if (!bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)) return false;
  return v.protocolMin > 0 && v.protocolMin <= v.protocolMax;
}
