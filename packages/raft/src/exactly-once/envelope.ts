/**
 * The bytes of an entry: when it was proposed, how it is known again, then the command as it is.
 * `docs/exactly-once.md` describes them byte by byte. The encoder refuses what the decoder would
 * refuse, so nothing enters the log that a server cannot apply.
 */
import { EnvelopeFormatError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { EnvelopeContent, SessionChange } from "./envelope-port.ts";
import * as limits from "./limits.ts";

const version = 1;
const kinds = { plain: 0, keyed: 1, session: 2, open: 3, close: 4 } as const;
const sequenceMax = Number.MAX_SAFE_INTEGER;

/** A content and what the proposer adds to it. */
export interface Stamped {
  readonly atMs: number;
  readonly content: EnvelopeContent;
  readonly limits: limits.MemoryLimits;
}

/** What stands in an envelope: the content, and of the limits those that it needs. */
export type Opened = { readonly atMs: number } & (
  | { readonly type: "plain"; readonly command: Uint8Array }
  | ({ readonly type: "keyed" } & KeyedOpened)
  | ({ readonly type: "session" } & SessionOpened)
  | { readonly type: "open"; readonly sessionsMax: number; readonly sessionIdleMs: number }
  | Extract<SessionChange, { type: "close" }>
);

export interface KeyedOpened {
  readonly windowMs: number;
  readonly keysMax: number;
  readonly bytesMax: number;
  readonly sinceMs: number | null;
  readonly key: string;
  readonly command: Uint8Array;
}

export interface SessionOpened {
  readonly bytesMax: number;
  readonly sessionId: number;
  readonly seq: number;
  readonly ack: number;
  readonly command: Uint8Array;
}

/** Used again for every envelope; copies leave. */
const writer = new ByteWriter(1024);

/** @throws {RangeError} if something in it is out of its range */
export function encodeEnvelope({ atMs, content, limits: chosen }: Stamped): Uint8Array {
  checkContent(content);
  limits.checkWhole("the log time", atMs, { min: 0, max: limits.logTimeMaxMs });
  writer.byte(version);
  writer.byte(kinds[content.type]);
  writer.varint(atMs);
  switch (content.type) {
    case "plain":
      writer.bytes(content.command);
      break;
    case "keyed":
      writer.varint(chosen.windowMs);
      writer.varint(chosen.keysMax);
      writer.varint(chosen.bytesMax);
      writer.varint(content.sinceMs === null ? 0 : content.sinceMs + 1);
      writer.byte(content.key.length);
      writer.latin1(content.key);
      writer.bytes(content.command);
      break;
    case "session":
      writer.varint(chosen.bytesMax);
      writer.varint(content.sessionId);
      writer.varint(content.seq);
      writer.varint(content.seq - content.ack);
      writer.bytes(content.command);
      break;
    case "open":
      writer.varint(chosen.sessionsMax);
      writer.varint(chosen.sessionIdleMs);
      break;
    case "close":
      writer.varint(content.sessionId);
  }
  return writer.take();
}

/** What a remote client may have got wrong; the limits were checked when they were chosen. */
function checkContent(content: EnvelopeContent): void {
  switch (content.type) {
    case "keyed":
      if (!limits.isKey(content.key)) {
        throw new RangeError("a key has 1–255 visible ASCII characters");
      }
      if (content.sinceMs !== null) {
        limits.checkWhole("keySinceMs", content.sinceMs, { min: 0, max: limits.logTimeMaxMs });
      }
      return;
    case "session": {
      const { sessionId, seq, ack } = content;
      limits.checkWhole("a session", sessionId, { min: 1, max: sequenceMax });
      limits.checkWhole("seq", seq, { min: 1, max: sequenceMax });
      const min = Math.max(0, seq - limits.sessionSpanMax);
      limits.checkWhole("ack", ack, { min, max: seq - 1 });
      return;
    }
    case "close":
      limits.checkWhole("a session", content.sessionId, { min: 1, max: sequenceMax });
      return;
    case "plain":
    case "open":
  }
}

/**
 * What {@link encodeEnvelope} was given. The command is a view of `bytes`.
 *
 * @throws {EnvelopeFormatError} if it is malformed, or of a newer release
 */
export function decodeEnvelope(bytes: Uint8Array): Opened {
  const reader = new ByteReader(bytes, refuse);
  const found = reader.byte();
  if (found !== version) throw refuse(`it has version ${found}; this release knows ${version}`);
  const kind = reader.byte();
  const atMs = reader.varint(limits.logTimeMaxMs);
  switch (kind) {
    case kinds.plain:
      return { type: "plain", atMs, command: reader.rest() };
    case kinds.keyed:
      return { type: "keyed", atMs, ...readKeyed(reader) };
    case kinds.session:
      return { type: "session", atMs, ...readSession(reader) };
    case kinds.open: {
      const sessionsMax = positive(reader, limits.sessionsMaxLimit);
      const sessionIdleMs = positive(reader, limits.windowMaxMs);
      reader.end();
      return { type: "open", atMs, sessionsMax, sessionIdleMs };
    }
    case kinds.close: {
      const sessionId = positive(reader, sequenceMax);
      reader.end();
      return { type: "close", atMs, sessionId };
    }
    default:
      throw refuse(`kind ${kind} is not known here`);
  }
}

function readKeyed(reader: ByteReader): KeyedOpened {
  const windowMs = positive(reader, limits.windowMaxMs);
  const keysMax = reader.varint(limits.keysMaxLimit);
  const bytesMax = positive(reader, limits.bytesMaxLimit);
  const since = reader.varint(limits.logTimeMaxMs + 1);
  const key = reader.latin1(reader.byte());
  if (!limits.isKey(key)) throw refuse("it has a key that is none");
  const sinceMs = since === 0 ? null : since - 1;
  return { windowMs, keysMax, bytesMax, sinceMs, key, command: reader.rest() };
}

function readSession(reader: ByteReader): SessionOpened {
  const bytesMax = positive(reader, limits.bytesMaxLimit);
  const sessionId = positive(reader, sequenceMax);
  const seq = positive(reader, sequenceMax);
  const ack = seq - positive(reader, Math.min(seq, limits.sessionSpanMax));
  return { bytesMax, sessionId, seq, ack, command: reader.rest() };
}

function positive(reader: ByteReader, max: number): number {
  const value = reader.varint(max);
  if (value === 0) throw refuse("a number is zero that must not be");
  return value;
}

function refuse(why: string): EnvelopeFormatError {
  return new EnvelopeFormatError(`malformed entry for exactlyOnce: ${why}`);
}
