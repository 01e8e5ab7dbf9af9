/** A configuration inside a snapshot's metadata: rare, so names are simply written out. */
import type { Configuration, Member, NodeId } from "@counter/raft";

import { EncodeError } from "./errors.ts";
import { ADDRESS_MAX_LENGTH, MEMBERS_MAX, NODE_ID_MAX_LENGTH } from "./limits.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

const ID = { minLength: 1, maxLength: NODE_ID_MAX_LENGTH };
const ADDRESS = { minLength: 0, maxLength: ADDRESS_MAX_LENGTH };
/** Two lengths and one character. */
const MEMBER_MIN_BYTES = 3;
const ID_MIN_BYTES = 2;

/** @throws EncodeError when a list or a name is longer than allowed */
export function encodeConfiguration(w: Writer, configuration: Configuration): void {
  writeCount(w, configuration.members);
  for (const { id, address } of configuration.members) {
    w.text(id, ID);
    w.text(address, ADDRESS);
  }
  writeIds(w, configuration.voters);
  writeIds(w, configuration.outgoing);
  writeIds(w, configuration.learners);
  writeIds(w, configuration.learnersNext);
  writeIds(w, configuration.joining);
  w.flag(configuration.autoLeave);
}

export function decodeConfiguration(r: Reader): Configuration {
  const members: Member[] = [];
  const count = r.count({ max: MEMBERS_MAX, itemMinBytes: MEMBER_MIN_BYTES });
  for (let i = 0; i < count; i += 1) members.push({ id: r.text(ID), address: r.text(ADDRESS) });
  return {
    members,
    voters: readIds(r),
    outgoing: readIds(r),
    learners: readIds(r),
    learnersNext: readIds(r),
    joining: readIds(r),
    autoLeave: r.flag(),
  };
}

function writeIds(w: Writer, ids: readonly NodeId[]): void {
  writeCount(w, ids);
  for (const id of ids) w.text(id, ID);
}

function readIds(r: Reader): NodeId[] {
  const ids: NodeId[] = [];
  const count = r.count({ max: MEMBERS_MAX, itemMinBytes: ID_MIN_BYTES });
  for (let i = 0; i < count; i += 1) ids.push(r.text(ID));
  return ids;
}

function writeCount(w: Writer, list: readonly unknown[]): void {
  if (list.length > MEMBERS_MAX) throw new EncodeError(`at most ${MEMBERS_MAX} members`);
  w.varint(list.length);
}
