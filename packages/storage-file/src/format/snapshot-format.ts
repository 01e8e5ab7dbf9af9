/** The head and foot of a snapshot file. `docs/wal.md` §6 has the bytes. */
import { crc32 } from "node:zlib";
import type { Configuration, Member, SnapshotMeta } from "@counter/raft";
import { invariant } from "../errors.ts";
import { getU32, getU64, MalformedError, putU32, putU64 } from "./bytes.ts";
import { formatVersion, startsWith } from "./segment-header.ts";

const headMagic: Uint8Array = Uint8Array.of(0x43, 0x54, 0x52, 0x53, 0x4e, 0x50, 0x0d, 0x0a);
const footMagic: Uint8Array = Uint8Array.of(0x43, 0x54, 0x52, 0x45); // "CTRE"
/** Magic, version, length of the meta text; the text and a checksum follow. */
export const headPrefixBytes = 16;
export const footBytes = 16;
/** Largest meta text that is believed: 64 members take a tenth of it. */
export const metaMaxBytes: number = 1024 * 1024;

export interface SnapshotHead {
  readonly meta: SnapshotMeta;
  /** Length of the head, where the payload begins. */
  readonly bytes: number;
}

export function encodeHead(meta: SnapshotMeta): Uint8Array {
  const { index, term, configuration, configurationIndex } = meta;
  const facts = { index, term, configuration, configurationIndex };
  const text = new TextEncoder().encode(JSON.stringify(facts));
  invariant(text.length <= metaMaxBytes, "a configuration fits into the head of a snapshot");
  const bytes = new Uint8Array(headPrefixBytes + text.length + 4);
  bytes.set(headMagic, 0);
  putU32(bytes, 8, formatVersion);
  putU32(bytes, 12, text.length);
  bytes.set(text, headPrefixBytes);
  const crcAt = headPrefixBytes + text.length;
  putU32(bytes, crcAt, crc32(bytes.subarray(0, crcAt)));
  return bytes;
}

/** Length of the whole head, or a sentence that says why `prefix` does not begin one. */
export function headLength(prefix: Uint8Array): number | string {
  if (prefix.length < headPrefixBytes) return "the file is too short for a snapshot";
  if (!startsWith(prefix, headMagic)) return "this is not the start of a snapshot";
  const version = getU32(prefix, 8);
  if (version !== formatVersion) return `format version ${version} is not known to this release`;
  const text = getU32(prefix, 12);
  if (text > metaMaxBytes) return `the head of the snapshot claims ${text} bytes`;
  return headPrefixBytes + text + 4;
}

/** @param bytes - as many as {@link headLength} said */
export function decodeHead(bytes: Uint8Array): SnapshotHead | string {
  const crcAt = bytes.length - 4;
  if (crc32(bytes.subarray(0, crcAt)) !== getU32(bytes, crcAt)) {
    return "the head of the snapshot fails its checksum";
  }
  try {
    const text = new TextDecoder().decode(bytes.subarray(headPrefixBytes, crcAt));
    return { meta: readMeta(JSON.parse(text)), bytes: bytes.length };
  } catch (error) {
    if (error instanceof MalformedError || error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/** The foot; `crc` covers head and payload so far and is continued over the length. */
export function encodeFoot(facts: {
  readonly payloadBytes: number;
  readonly crc: number;
}): Uint8Array {
  const bytes = new Uint8Array(footBytes);
  putU64(bytes, 0, facts.payloadBytes);
  bytes.set(footMagic, 8);
  putU32(bytes, 12, crc32(bytes.subarray(0, 12), facts.crc));
  return bytes;
}

export interface SnapshotFoot {
  readonly payloadBytes: number;
  /** The foot's own bytes that the checksum covers, to finish it with. */
  readonly covered: Uint8Array;
  readonly crc: number;
}

export function decodeFoot(bytes: Uint8Array): SnapshotFoot | string {
  if (bytes.length !== footBytes || !startsWith(bytes.subarray(8), footMagic)) {
    return "the snapshot has no foot";
  }
  try {
    const covered = bytes.slice(0, 12);
    return { payloadBytes: getU64(bytes, 0), covered, crc: getU32(bytes, 12) };
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

function readMeta(value: unknown): SnapshotMeta {
  const meta = record(value);
  return {
    index: safeInteger(meta["index"]),
    term: safeInteger(meta["term"]),
    configuration: readConfiguration(meta["configuration"]),
    configurationIndex: safeInteger(meta["configurationIndex"]),
  };
}

function readConfiguration(value: unknown): Configuration {
  const c = record(value);
  const autoLeave = c["autoLeave"];
  if (typeof autoLeave !== "boolean") throw new MalformedError("autoLeave is not a boolean");
  return {
    members: list(c["members"]).map(readMember),
    voters: list(c["voters"]).map(text),
    outgoing: list(c["outgoing"]).map(text),
    learners: list(c["learners"]).map(text),
    learnersNext: list(c["learnersNext"]).map(text),
    joining: list(c["joining"] ?? []).map(text), // none in snapshots of early releases
    autoLeave,
  };
}

function readMember(value: unknown): Member {
  const member = record(value);
  return { id: text(member["id"]), address: text(member["address"]) };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedError("the head of the snapshot is not an object");
  }
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedError("a list in the head is not a list");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new MalformedError("a name in the head is not a text");
  return value;
}

function safeInteger(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new MalformedError("a number in the head is not a safe integer");
  }
  return value;
}
