/** Texts that come again and again in one buffer: whole the first time, then as a number. */
import type { CounterName, WriterId } from "../types.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { invariant, MalformedError } from "./errors.ts";
import { counterNameMaxLength, isCounterName } from "./limits.ts";

const writerBytes = 12;
const writerPattern = /^[0-9a-f]{24}$/;

/** Writes a writer id as its twelve bytes. */
export function writeWriter(out: ByteWriter, writer: WriterId): void {
  invariant(writerPattern.test(writer), "a writer id is 24 hexadecimal digits");
  out.hex(writer);
}

/** @throws MalformedError */
export function readWriter(reader: ByteReader): WriterId {
  return reader.hex(writerBytes);
}

function writeName(out: ByteWriter, name: CounterName): void {
  invariant(isCounterName(name), "a counter has a valid name");
  out.text(name);
}

function readName(reader: ByteReader): CounterName {
  const name = reader.text(reader.varint(counterNameMaxLength));
  if (!isCounterName(name)) throw new MalformedError("a counter has no valid name");
  return name;
}

/** 0 and the text, or the number that it got when it was written first. */
class RepeatedWriter {
  readonly #write: (out: ByteWriter, text: string) => void;
  readonly #numbers = new Map<string, number>();

  constructor(write: (out: ByteWriter, text: string) => void) {
    this.#write = write;
  }

  write(out: ByteWriter, text: string): void {
    const number = this.#numbers.get(text);
    out.varint(number ?? 0);
    if (number !== undefined) return;
    this.#write(out, text);
    this.#numbers.set(text, this.#numbers.size + 1);
  }
}

class RepeatedReader {
  readonly #read: (reader: ByteReader) => string;
  readonly #texts: string[] = [];
  readonly #seen = new Set<string>();

  constructor(read: (reader: ByteReader) => string) {
    this.#read = read;
  }

  /** @throws MalformedError - an unknown number, or a text in full that has a number */
  read(reader: ByteReader): string {
    const number = reader.varint(this.#texts.length);
    if (number > 0) return this.#texts[number - 1]!;
    const text = this.#read(reader);
    if (this.#seen.has(text)) throw new MalformedError("something is named twice");
    this.#seen.add(text);
    this.#texts.push(text);
    return text;
  }
}

export class NameWriter extends RepeatedWriter {
  constructor() {
    super(writeName);
  }
}

export class NameReader extends RepeatedReader {
  constructor() {
    super(readName);
  }
}

export class WriterIdWriter extends RepeatedWriter {
  constructor() {
    super(writeWriter);
  }
}

export class WriterIdReader extends RepeatedReader {
  constructor() {
    super(readWriter);
  }
}
