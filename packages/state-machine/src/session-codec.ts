/** Sessions in commands, in and out. */
import type { ByteReader, ByteWriter, Refuse } from "./bytes.ts";
import * as format from "./command-format.ts";
import { CommandFormatError } from "./errors.ts";
import { checkWhole } from "./fields.ts";
import * as limits from "./limits.ts";
import type {
  CounterOperation,
  InSessionOperation,
  SessionOperation,
  SessionOwner,
  SessionStep,
} from "./operations.ts";

export function writeSession(
  writer: ByteWriter,
  operation: SessionOperation,
  writeOne: (operation: CounterOperation) => void,
): void {
  switch (operation.type) {
    case "openSession": {
      const { owner, idleMs, sessionsMax } = operation;
      writer.byte(format.tagOpenSession);
      writeOwner(writer, owner, 0);
      writer.varint(checkWhole("idleMs", idleMs, 1, limits.sessionIdleMaxMs));
      writer.varint(checkWhole("sessionsMax", sessionsMax, 0, limits.sessionsMaxLimit));
      return;
    }
    case "closeSession":
      writer.byte(format.tagCloseSession);
      writeOwner(writer, operation.owner, 0);
      return writeNumber(writer, "a session", operation.session);
    case "inSession":
      return writeInSession(writer, operation, writeOne);
  }
}

function writeInSession(
  writer: ByteWriter,
  { step, atomic, operations }: InSessionOperation,
  writeOne: (operation: CounterOperation) => void,
): void {
  const { session, owner, seq, ack, fingerprint } = step;
  const problem = problemOfSession(operations);
  if (problem !== null) throw new CommandFormatError(problem);
  if (fingerprint.length !== limits.fingerprintBytes) {
    throw new CommandFormatError(`a fingerprint has ${limits.fingerprintBytes} bytes`);
  }
  writer.byte(format.tagInSession);
  writeOwner(writer, owner, atomic ? format.sessionAtomic : 0);
  writeNumber(writer, "a session", session);
  writer.varint(checkWhole("ack", ack, 0, limits.sessionNumberMax));
  writer.varint(checkWhole("seq above ack", seq - ack, 1, limits.sessionSpanMax));
  writer.bytes(fingerprint);
  const { length } = operations;
  writer.varint(
    checkWhole("the operations of a session's write", length, 1, limits.groupOperationsMax),
  );
  for (const operation of operations) writeOne(operation);
}

/** What no write of a session may be. */
function problemOfSession(operations: readonly CounterOperation[]): string | null {
  if (operations.some(({ key }) => key !== null)) return "in a session nothing has a key";
  const repeats = operations.some((operation) => "times" in operation && operation.times !== 1);
  return repeats ? "in a session everything is done once" : null;
}

function writeOwner(writer: ByteWriter, owner: SessionOwner, flags: number): void {
  writer.byte(flags | (owner === null ? 0 : format.sessionOwned));
  if (owner === null) return;
  if (owner.length !== limits.sessionOwnerBytes) {
    throw new CommandFormatError(`an owner has ${limits.sessionOwnerBytes} bytes`);
  }
  writer.bytes(owner);
}

function writeNumber(writer: ByteWriter, what: string, value: number): void {
  writer.varint(checkWhole(what, value, 1, limits.sessionNumberMax));
}

/** @returns `null` if the tag is of something else */
export function readSession(
  reader: ByteReader,
  tag: number,
  refuse: Refuse,
  readOne: () => CounterOperation,
): SessionOperation | null {
  switch (tag) {
    case format.tagOpenSession: {
      const { owner } = readOwner(reader, format.sessionOwned, refuse);
      const idleMs = reader.varint(limits.sessionIdleMaxMs);
      if (idleMs === 0) throw refuse("a session ends at once");
      const sessionsMax = reader.varint(limits.sessionsMaxLimit);
      return { type: "openSession", owner, idleMs, sessionsMax };
    }
    case format.tagCloseSession: {
      const { owner } = readOwner(reader, format.sessionOwned, refuse);
      return { type: "closeSession", owner, session: readNumber(reader, refuse) };
    }
    case format.tagInSession:
      return readInSession(reader, refuse, readOne);
    default:
      return null;
  }
}

function readInSession(
  reader: ByteReader,
  refuse: Refuse,
  readOne: () => CounterOperation,
): InSessionOperation {
  const { owner, flags } = readOwner(reader, format.sessionAll, refuse);
  const session = readNumber(reader, refuse);
  const ack = reader.varint(limits.sessionNumberMax);
  const ahead = reader.varint(limits.sessionSpanMax);
  if (ahead === 0) throw refuse("a number is acknowledged before it is done");
  const fingerprint = reader.bytes(limits.fingerprintBytes);
  const count = reader.varint(limits.groupOperationsMax);
  if (count === 0) throw refuse("a write of a session asks for nothing");
  const operations: CounterOperation[] = [];
  for (let done = 0; done < count; done += 1) operations.push(readOne());
  const problem = problemOfSession(operations);
  if (problem !== null) throw refuse(problem);
  const step: SessionStep = { session, owner, seq: ack + ahead, ack, fingerprint };
  return { type: "inSession", step, atomic: (flags & format.sessionAtomic) !== 0, operations };
}

function readOwner(
  reader: ByteReader,
  known: number,
  refuse: Refuse,
): { readonly flags: number; readonly owner: SessionOwner } {
  const flags = reader.byte();
  if (flags > known) throw refuse("a session has unknown flags");
  const owned = (flags & format.sessionOwned) !== 0;
  return { flags, owner: owned ? reader.bytes(limits.sessionOwnerBytes) : null };
}

function readNumber(reader: ByteReader, refuse: Refuse): number {
  const number = reader.varint(limits.sessionNumberMax);
  if (number === 0) throw refuse("sessions are counted from 1");
  return number;
}
