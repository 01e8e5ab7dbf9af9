/** Values that several messages share. */
import type { Address, MemberName, Standing, Versions } from "../types.ts";
import { hostBytes, hostOf } from "./address.ts";
import { META_MAX_BYTES, NAME_MAX_BYTES } from "./limits.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { WireError } from "./refusal.ts";

/** The largest unsigned 16-bit number. */
export const UINT16_MAX = 0xffff;
/** The largest unsigned 32-bit number. */
export const UINT32_MAX = 0xffffffff;

const NO_BYTES: Uint8Array = new Uint8Array(0);
const VERSIONS_BYTES = 6;
/** In the order of their numbers on the wire. */
const STANDINGS: readonly Standing[] = ["alive", "suspect", "dead", "left"];

export function readName(reader: MsgpackReader): MemberName {
  return reader.text(NAME_MAX_BYTES);
}

/** At most 512 bytes; nil is empty. */
export function readMeta(reader: MsgpackReader): Uint8Array {
  return reader.bytes(META_MAX_BYTES) ?? NO_BYTES;
}

/** 4 or 16 bytes, or none at all: what was read so far of an address. */
export function readHost(reader: MsgpackReader): string {
  return reader.raw(16, hostAt) ?? "";
}

function hostAt(bytes: Uint8Array, start: number, end: number): string {
  return start === end ? "" : hostOf(bytes, start, end);
}

/**
 * Six raw bytes and not a list. Fewer count as missing, as in memberlist; a newer sender may add
 * some at the end.
 */
export function readVersions(reader: MsgpackReader): Versions | null {
  return reader.raw(64, versionsAt);
}

function versionsAt(bytes: Uint8Array, start: number, end: number): Versions | null {
  if (end - start < VERSIONS_BYTES) return null;
  return {
    protocolMin: bytes[start]!,
    protocolMax: bytes[start + 1]!,
    protocol: bytes[start + 2]!,
    delegateMin: bytes[start + 3]!,
    delegateMax: bytes[start + 4]!,
    delegate: bytes[start + 5]!,
  };
}

export function readStanding(reader: MsgpackReader): Standing {
  const standing = STANDINGS[reader.integer()];
  if (standing === undefined) throw new WireError("number", "a state is 0 to 3");
  return standing;
}

/** @throws WireError `type` if one of the two never came or is empty */
export function addressOf(host: string, port: number): Address {
  if (host === "" || port === 0) throw new WireError("type", "an address is missing");
  return { host, port };
}

/** @throws WireError `type` for an empty name */
export function named(name: MemberName): MemberName {
  if (name === "") throw new WireError("type", "a member has no name");
  return name;
}

/** @throws RangeError if it is not the address of an interface: our own bug */
export function writeHost(writer: MsgpackWriter, host: string): void {
  const bytes = hostBytes(host);
  if (bytes === null) throw new RangeError(`${host} is not the address of an interface`);
  writer.bytes(bytes);
}

/** Bytes that are nil if there are none: what Go writes for an absent slice. */
export function writeOptional(writer: MsgpackWriter, bytes: Uint8Array): void {
  writer.bytes(bytes.length === 0 ? null : bytes);
}

export function writeVersions(writer: MsgpackWriter, versions: Versions | null): void {
  if (versions === null) return writer.nil();
  const { protocolMin, protocolMax, protocol, delegateMin, delegateMax, delegate } = versions;
  writer.bytes(
    Uint8Array.of(protocolMin, protocolMax, protocol, delegateMin, delegateMax, delegate),
  );
}

/** The number of a standing on the wire. */
export function standingNumber(standing: Standing): number {
  return STANDINGS.indexOf(standing);
}
