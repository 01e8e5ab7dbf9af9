/** The controls of a record as bytes, and back; also the parts of them that snapshots hold. */
import type {
  Control,
  Deed,
  FloorEntry,
  Member,
  MemberStatus,
  NamedAddress,
  NodeId,
  Position,
  VersionVector,
  WriterId,
} from "../types.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { readConfig, writeConfig } from "./config-codec.ts";
import { invariant, MalformedError } from "./errors.ts";
import { readKey, readSpan, writeKey, writeSpan } from "./key-codec.ts";
import {
  addressMaxLength,
  isAddress,
  isLabel,
  isValue,
  labelMaxLength,
  totalLimit,
  valueLimit,
  vectorMax,
} from "./limits.ts";
import type { NameReader, NameWriter } from "./names.ts";
import { readWriter, writeWriter } from "./names.ts";

/**
 * Those from `configure` on came with the second release, `deed` with the third: the one before
 * refuses a record with one.
 */
const kind = {
  ...{ born: 1, promise: 2, seal: 3, reset: 4, member: 5, named: 6 },
  ...{ configure: 7, delete: 8, deed: 9 },
};
const deedTypes = { create: 1, configure: 2, delete: 3 };
const statuses: readonly MemberStatus[] = ["joining", "up", "leaving", "removed"];
const nodeBytes = 16;
const nodePattern = /^[0-9a-f]{32}$/;
const largest = Number.MAX_SAFE_INTEGER;

export function writeControl(out: ByteWriter, names: NameWriter, control: Control): void {
  out.byte(kind[control.kind]);
  switch (control.kind) {
    case "born":
      writeNode(out, control.node);
      return out.varint(control.boot);
    case "promise":
      out.varint(control.before);
      return writeVector(out, control.known);
    case "seal":
      writeWriter(out, control.writer);
      return writePosition(out, control.position);
    case "reset":
    case "delete":
      names.write(out, control.counter);
      return writeFloor(out, control.floor);
    case "configure":
      names.write(out, control.counter);
      return writeConfig(out, control.config);
    case "deed":
      names.write(out, control.counter);
      writeKey(out, control.key);
      writeSpan(out, control);
      invariant(isValue(control.value), "a deed was done to a counter within its limits");
      out.number(control.value);
      return writeDeed(out, control.deed);
    case "member":
      return writeMember(out, control.member);
    case "named":
      return writeNamed(out, control.named);
  }
}

/** @throws MalformedError */
export function readControl(reader: ByteReader, names: NameReader): Control {
  switch (reader.byte()) {
    case kind.born: {
      const node = readNode(reader);
      return { kind: "born", node, boot: reader.varint(largest) };
    }
    case kind.promise: {
      const before = reader.varint(largest);
      return { kind: "promise", before, known: readVector(reader) };
    }
    case kind.seal: {
      const writer = readWriter(reader);
      return { kind: "seal", writer, position: readPosition(reader) };
    }
    case kind.reset: {
      const counter = names.read(reader);
      return { kind: "reset", counter, floor: readFloor(reader) };
    }
    case kind.configure: {
      const counter = names.read(reader);
      return { kind: "configure", counter, config: readConfig(reader) };
    }
    case kind.delete: {
      const counter = names.read(reader);
      return { kind: "delete", counter, floor: readFloor(reader) };
    }
    case kind.deed: {
      const counter = names.read(reader);
      const key = readKey(reader);
      const span = readSpan(reader, key);
      const value = reader.number(valueLimit);
      return { kind: "deed", counter, key, ...span, value, deed: readDeed(reader) };
    }
    case kind.member:
      return { kind: "member", member: readMember(reader) };
    case kind.named:
      return { kind: "named", named: readNamed(reader) };
    default:
      throw new MalformedError("a control is of no known kind");
  }
}

export function writeDeed(out: ByteWriter, deed: Deed): void {
  if (deed.type === "delete") {
    out.byte(deedTypes.delete);
    return writeFloor(out, deed.floor);
  }
  out.byte(deed.isNew ? deedTypes.create : deedTypes.configure);
  out.varint(deed.asked);
  writeConfig(out, deed.config);
}

/** @throws MalformedError */
export function readDeed(reader: ByteReader): Deed {
  const type = reader.byte();
  if (type === deedTypes.delete) return { type: "delete", floor: readFloor(reader) };
  const isNew = type === deedTypes.create;
  if (!isNew && type !== deedTypes.configure)
    throw new MalformedError("a deed is of no known kind");
  const asked = reader.varint(largest);
  return { type: "configure", isNew, config: readConfig(reader), asked };
}

export function writeNode(out: ByteWriter, node: NodeId): void {
  invariant(nodePattern.test(node), "a node id is 32 hexadecimal digits");
  out.hex(node);
}

/** @throws MalformedError */
export function readNode(reader: ByteReader): NodeId {
  return reader.hex(nodeBytes);
}

/** A position that is one: from 1. */
export function writePosition(out: ByteWriter, position: Position): void {
  invariant(Number.isSafeInteger(position) && position > 0, "a position is a number from 1");
  out.varint(position);
}

/** @throws MalformedError */
export function readPosition(reader: ByteReader): Position {
  const position = reader.varint(largest);
  if (position === 0) throw new MalformedError("a position is zero");
  return position;
}

/** By writer, so that equal ones are equal bytes. */
export function writeVector(out: ByteWriter, vector: VersionVector): void {
  invariant(vector.size <= vectorMax, "a vector has few enough writers");
  out.varint(vector.size);
  for (const writer of [...vector.keys()].sort()) {
    writeWriter(out, writer);
    writePosition(out, vector.get(writer)!);
  }
}

/** @throws MalformedError */
export function readVector(reader: ByteReader): Map<WriterId, Position> {
  const vector = new Map<WriterId, Position>();
  let previous = "";
  for (let left = reader.count(vectorMax, 13); left > 0; left -= 1) {
    const writer = readNext(reader, previous);
    vector.set(writer, readPosition(reader));
    previous = writer;
  }
  return vector;
}

function writeFloor(out: ByteWriter, floor: readonly FloorEntry[]): void {
  invariant(floor.length <= vectorMax, "a floor has few enough writers");
  out.varint(floor.length);
  let previous = "";
  for (const { writer, position, plus, minus } of floor) {
    invariant(writer > previous, "a floor is in the order of its writers");
    previous = writer;
    writeWriter(out, writer);
    writePosition(out, position);
    writeTotal(out, plus);
    writeTotal(out, minus);
  }
}

function readFloor(reader: ByteReader): FloorEntry[] {
  const floor: FloorEntry[] = [];
  let previous = "";
  for (let left = reader.count(vectorMax, 15); left > 0; left -= 1) {
    const writer = readNext(reader, previous);
    const position = readPosition(reader);
    const plus = reader.natural(totalLimit);
    const minus = reader.natural(totalLimit);
    floor.push({ writer, position, plus, minus });
    previous = writer;
  }
  return floor;
}

function readNext(reader: ByteReader, previous: WriterId): WriterId {
  const writer = readWriter(reader);
  if (writer <= previous) throw new MalformedError("writers are out of order");
  return writer;
}

/** A sum over everything that a writer ever did. */
export function writeTotal(out: ByteWriter, total: bigint): void {
  invariant(total >= 0n && total < totalLimit, "totals are natural numbers below their limit");
  out.number(total);
}

export function writeMember(out: ByteWriter, member: Member): void {
  invariant(isAddress(member.address) && isLabel(member.label), "a member has a valid address");
  writeNode(out, member.id);
  out.text(member.address);
  out.text(member.label);
  out.byte(statuses.indexOf(member.status));
  out.varint(member.version);
}

/** @throws MalformedError */
export function readMember(reader: ByteReader): Member {
  const id = readNode(reader);
  const address = readAddress(reader);
  const label = reader.text(reader.varint(labelMaxLength));
  if (!isLabel(label)) throw new MalformedError("a label is not printable");
  const status = statuses[reader.byte()];
  if (status === undefined) throw new MalformedError("a member has no known status");
  return { id, address, label, status, version: reader.varint(largest) };
}

export function writeNamed(out: ByteWriter, named: NamedAddress): void {
  invariant(isAddress(named.address), "an address is visible ASCII");
  out.text(named.address);
  out.varint(named.version);
  out.byte(named.wanted ? 1 : 0);
}

/** @throws MalformedError */
export function readNamed(reader: ByteReader): NamedAddress {
  const address = readAddress(reader);
  const version = reader.varint(largest);
  const wanted = reader.byte();
  if (wanted > 1) throw new MalformedError("a flag is neither 0 nor 1");
  return { address, version, wanted: wanted === 1 };
}

function readAddress(reader: ByteReader): string {
  const address = reader.text(reader.varint(addressMaxLength));
  if (!isAddress(address)) throw new MalformedError("an address is not visible ASCII");
  return address;
}
