/**
 * Operations as the first release wrote them. They stay readable: they stand in logs. Nothing
 * writes them any more.
 */
import type { ByteReader } from "./bytes.ts";
import { CommandFormatError, UnknownCommandError } from "./errors.ts";
import { readKey, readName } from "./fields.ts";
import { countersMaxLimit } from "./limits.ts";
import type { Operation } from "./operations.ts";
import { plainConfig, type CounterBackup } from "./types.ts";

const tagAdd = 1;
const tagNext = 2;
const tagRestore = 3;
const tagKeyed = 0x80;

export function readOperationOfVersion1(reader: ByteReader): Operation {
  const tag = reader.byte();
  const keyed = tag >= tagKeyed;
  const once = { times: 1, condition: null };
  switch (tag & ~tagKeyed) {
    case tagAdd: {
      const counter = readName(reader, refuse);
      const delta = reader.number();
      const key = keyed ? readKey(reader, refuse) : null;
      return { type: "add", counter, delta, onBound: null, ...once, key };
    }
    case tagNext: {
      const counter = readName(reader, refuse);
      const count = reader.number();
      if (count < 1n) throw refuse("next asks for less than one number");
      const key = keyed ? readKey(reader, refuse) : null;
      return { type: "next", counter, count, ...once, key };
    }
    case tagRestore: {
      const counters = readCounters(reader);
      return { type: "restore", counters, key: keyed ? readKey(reader, refuse) : null };
    }
    default:
      throw new UnknownCommandError(`operation type ${tag & ~tagKeyed} is not known here`);
  }
}

function readCounters(reader: ByteReader): CounterBackup[] {
  const count = reader.varint(countersMaxLimit);
  const counters: CounterBackup[] = [];
  let before = "";
  for (let read = 0; read < count; read += 1) {
    const name = readName(reader, refuse);
    if (name <= before) throw refuse("the counters of a restore are not sorted");
    before = name;
    counters.push({ name, value: reader.number(), issued: null, config: plainConfig });
  }
  return counters;
}

function refuse(why: string): CommandFormatError {
  return new CommandFormatError(`malformed command: ${why}`);
}
