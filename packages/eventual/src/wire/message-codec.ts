/**
 * Messages between nodes as bytes, and back. There is one encoding for one message, every list has
 * a limit that is checked before anything is allocated for it, and records stay opaque.
 *
 * A message is a format byte, whether it is a request or a reply, who sends it, its body, and last
 * the records or the piece that the body names. Where it goes and which exchange it belongs to is
 * the transport's to know.
 */
import { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import { readWriter, writeWriter } from "../data/names.ts";
import type { RefusedWhy, Reply, Request, Sender } from "../messages.ts";
import {
  readBoolean,
  readHeads,
  readRanges,
  readSender,
  writeBoolean,
  writeHeads,
  writeRanges,
  writeSender,
} from "./fields.ts";
import { messageMaxBytes, problemMaxLength } from "./limits.ts";
import { PayloadReader, PayloadWriter } from "./payloads.ts";

/** A request as it travels. */
export interface WireRequest {
  readonly sender: Sender;
  readonly body: Request;
}

/** A reply as it travels. */
export interface WireReply {
  readonly sender: Sender;
  readonly body: Reply;
}

const format = 1;
const kinds = { request: 1, reply: 2 } as const;
const requestTypes = { push: 1, health: 2, sync: 3, fill: 4, fetch: 5 } as const;
const replyTypes = { ack: 1, healthy: 2, delta: 3, piece: 4, refused: 5 } as const;
const refusedCodes = {
  "foreign-cluster": 1,
  "duplicate-identity": 2,
  removed: 3,
  fork: 4,
  invalid: 5,
  busy: 6,
} as const;
const largest = Number.MAX_SAFE_INTEGER;

/** @throws {RangeError} when a list has more than may travel, or all of it more than 4 MiB */
export function encodeRequest({ sender, body }: WireRequest): Uint8Array {
  const out = begin(kinds.request, sender);
  const payloads = new PayloadWriter();
  out.byte(requestTypes[body.type]);
  switch (body.type) {
    case "health":
      break;
    case "push":
    case "fill":
      writeRanges(out, payloads, body.ranges);
      break;
    case "sync":
      writeHeads(out, body.heads);
      break;
    case "fetch":
      out.varint(body.transfer);
      out.varint(body.piece);
      break;
  }
  return payloads.after(out);
}

/** @throws {RangeError} when a list has more than may travel, or all of it more than 4 MiB */
export function encodeReply({ sender, body }: WireReply): Uint8Array {
  const out = begin(kinds.reply, sender);
  const payloads = new PayloadWriter();
  out.byte(replyTypes[body.type]);
  switch (body.type) {
    case "ack":
      writeHeads(out, body.heads);
      break;
    case "healthy":
      out.varint(body.vectorHash);
      writeBoolean(out, body.ready);
      break;
    case "delta":
      writeHeads(out, body.heads);
      writeRanges(out, payloads, body.ranges);
      writeBoolean(out, body.more);
      writeBoolean(out, body.snapshot);
      break;
    case "piece":
      writePiece(out, payloads, body);
      break;
    case "refused":
      writeRefused(out, body.why);
      break;
  }
  return payloads.after(out);
}

/** @throws {MalformedError} */
export function decodeRequest(bytes: Uint8Array): WireRequest {
  const input = open(bytes, kinds.request);
  const payloads = new PayloadReader();
  const sender = readSender(input);
  const body = readRequest(input, payloads);
  payloads.end(input, bytes);
  return { sender, body };
}

/** @throws {MalformedError} */
export function decodeReply(bytes: Uint8Array): WireReply {
  const input = open(bytes, kinds.reply);
  const payloads = new PayloadReader();
  const sender = readSender(input);
  const read = readReply(input, payloads);
  payloads.end(input, bytes);
  return { sender, body: read() };
}

function begin(kind: number, sender: Sender): ByteWriter {
  const out = new ByteWriter(512);
  out.byte(format);
  out.byte(kind);
  writeSender(out, sender);
  return out;
}

function open(bytes: Uint8Array, kind: number): ByteReader {
  if (bytes.length > messageMaxBytes) throw new MalformedError("a message is too large");
  const input = new ByteReader(bytes);
  if (input.byte() !== format) throw new MalformedError("a message has no known format");
  if (input.byte() !== kind) throw new MalformedError("a message is of the wrong kind");
  return input;
}

function readRequest(input: ByteReader, payloads: PayloadReader): Request {
  switch (input.byte()) {
    case requestTypes.push:
      return { type: "push", ranges: readRanges(input, payloads) };
    case requestTypes.health:
      return { type: "health" };
    case requestTypes.sync:
      return { type: "sync", heads: readHeads(input) };
    case requestTypes.fill:
      return { type: "fill", ranges: readRanges(input, payloads) };
    case requestTypes.fetch:
      return { type: "fetch", transfer: input.varint(largest), piece: input.varint(largest) };
    default:
      throw new MalformedError("a request is of no known type");
  }
}

/** The body may be had when the payloads are read. */
function readReply(input: ByteReader, payloads: PayloadReader): () => Reply {
  const type = input.byte();
  if (type === replyTypes.piece) return readPiece(input, payloads);
  const body = readPlainReply(type, input, payloads);
  return () => body;
}

function readPlainReply(type: number, input: ByteReader, payloads: PayloadReader): Reply {
  switch (type) {
    case replyTypes.ack:
      return { type: "ack", heads: readHeads(input) };
    case replyTypes.healthy:
      return { type: "healthy", vectorHash: input.varint(largest), ready: readBoolean(input) };
    case replyTypes.delta: {
      const heads = readHeads(input);
      const ranges = readRanges(input, payloads);
      const more = readBoolean(input);
      return { type: "delta", heads, ranges, more, snapshot: readBoolean(input) };
    }
    case replyTypes.refused:
      return { type: "refused", why: readRefused(input) };
    default:
      throw new MalformedError("a reply is of no known type");
  }
}

type Piece = Extract<Reply, { type: "piece" }>;

function writePiece(out: ByteWriter, payloads: PayloadWriter, body: Piece): void {
  out.varint(body.transfer);
  out.varint(body.piece);
  writeBoolean(out, body.last);
  writeBoolean(out, body.bytes !== null);
  if (body.bytes !== null) payloads.add(out, body.bytes);
}

function readPiece(input: ByteReader, payloads: PayloadReader): () => Piece {
  const transfer = input.varint(largest);
  const piece = input.varint(largest);
  const last = readBoolean(input);
  const found: Uint8Array[] = [];
  if (readBoolean(input)) payloads.read(input, found);
  return () => ({ type: "piece", transfer, piece, bytes: found[0] ?? null, last });
}

function writeRefused(out: ByteWriter, why: RefusedWhy): void {
  out.byte(refusedCodes[why.code]);
  if (why.code === "duplicate-identity") out.varint(why.boot);
  if (why.code === "fork") writeWriter(out, why.writer);
  if (why.code === "invalid") out.text(printable(why.problem));
}

function readRefused(input: ByteReader): RefusedWhy {
  switch (input.byte()) {
    case refusedCodes["foreign-cluster"]:
      return { code: "foreign-cluster" };
    case refusedCodes["duplicate-identity"]:
      return { code: "duplicate-identity", boot: input.varint(largest) };
    case refusedCodes.removed:
      return { code: "removed" };
    case refusedCodes.fork:
      return { code: "fork", writer: readWriter(input) };
    case refusedCodes.invalid: {
      const problem = input.text(input.varint(problemMaxLength));
      if (problem !== printable(problem)) throw new MalformedError("a problem is no text");
      return { code: "invalid", problem };
    }
    case refusedCodes.busy:
      return { code: "busy" };
    default:
      throw new MalformedError("a refusal has no known code");
  }
}

/** What people are told may be cut short; it must not be a second way to send anything. */
function printable(problem: string): string {
  return problem.slice(0, problemMaxLength).replaceAll(/[^ -~]/g, "?");
}
