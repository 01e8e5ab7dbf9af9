/**
 * Inputs and hashes of Readys in the order in which they came, in little room.
 *
 * To keep thousands of small objects alive costs the garbage collector far more than they weigh: it
 * copies each of them, twice. So the inputs that come all the time are taken apart into numbers, and
 * of what they carry only entries and commands are kept, which the log holds anyway. All other
 * inputs are kept as they are.
 */
import type { Input } from "../core/door.ts";
import type { AppendEntries, AppendEntriesResponse, Message } from "../messages.ts";
import type { Entry, NodeId } from "../types.ts";

/** Most senders whose messages are taken apart; those of further ones are kept as they are. */
export const tapeSendersMax: number = 256;

/** What an input and the Readys behind it cost, and an object that is kept, beyond its bytes. */
export const tapeEventBytes: number = 128;
export const tapeObjectBytes: number = 256;

/** An input, or the hash of a Ready. */
export type TapeEvent = Input | number;

/** The first word of an event; as many words follow as its reader below takes. */
const codes = {
  asItIs: 0,
  tick: 1,
  persisted: 2,
  applied: 3,
  propose: 4,
  append: 5,
  appendResponse: 6,
  ready: 7,
} as const;

/** No event takes more words. */
const eventMaxWords = 8;

export class Tape {
  /** Messages to anybody else are kept as they are, and refused by the core. */
  readonly #own: NodeId;
  #words: Float64Array = new Float64Array(1024);
  #used = 0;
  readonly #inputs: Input[] = [];
  readonly #entries: Entry[] = [];
  readonly #commands: Uint8Array[] = [];
  readonly #senders: NodeId[] = [];
  readonly #senderNumbers = new Map<NodeId, number>();

  constructor(own: NodeId) {
    this.#own = own;
  }

  addReady(hash: number): void {
    this.#begin(codes.ready);
    this.#add(hash);
  }

  /** @returns how many bytes it holds on to, estimated */
  addInput(input: Input): number {
    switch (input.type) {
      case "tick":
        return this.#begin(codes.tick);
      case "persisted":
        return this.#begin(codes.persisted) + this.#add(input.write);
      case "applied":
        return this.#begin(codes.applied) + this.#add(input.index);
      case "propose":
        return this.#addProposal(input.context, input.commands, input);
      case "receive": {
        const { message } = input;
        if (message.to !== this.#own) return this.#addAsItIs(input, messageBytes(message));
        if (message.type === "appendEntries") return this.#addAppend(message, input);
        if (message.type === "appendEntriesResponse") return this.#addResponse(message, input);
        return this.#addAsItIs(input, messageBytes(message));
      }
      case "snapshotRead":
        return this.#addAsItIs(input, input.chunk?.data.length ?? 0);
      default:
        return this.#addAsItIs(input, 0);
    }
  }

  /** Everything on the tape, in order. */
  events(): TapeEvent[] {
    const reader = new Reader({
      own: this.#own,
      words: this.#words,
      inputs: this.#inputs,
      entries: this.#entries,
      commands: this.#commands,
      senders: this.#senders,
    });
    const events: TapeEvent[] = [];
    while (reader.at < this.#used) events.push(reader.next());
    return events;
  }

  /** Makes it empty; it keeps its room. */
  clear(): void {
    this.#used = 0;
    this.#inputs.length = 0;
    this.#entries.length = 0;
    this.#commands.length = 0;
    this.#senders.length = 0;
    this.#senderNumbers.clear();
  }

  #addAsItIs(input: Input, bytes: number): number {
    this.#inputs.push(input);
    return this.#begin(codes.asItIs) + tapeObjectBytes + bytes;
  }

  #addProposal(context: number, commands: readonly Uint8Array[], input: Input): number {
    let bytes = 0;
    for (const { length } of commands) bytes += tapeObjectBytes + length;
    const [only] = commands;
    if (only === undefined || commands.length > 1) return this.#addAsItIs(input, bytes);
    this.#commands.push(only);
    return this.#begin(codes.propose) + this.#add(context) + bytes;
  }

  #addAppend(m: AppendEntries, input: Input): number {
    const sender = this.#numberOf(m.from);
    if (sender === null) return this.#addAsItIs(input, messageBytes(m));
    this.#begin(codes.append);
    this.#add(sender);
    this.#add(m.term);
    this.#add(m.prevIndex);
    this.#add(m.prevTerm);
    this.#add(m.commitIndex);
    this.#add(m.readRound);
    this.#add(m.entries.length);
    let bytes = tapeEventBytes;
    for (const entry of m.entries) {
      this.#entries.push(entry);
      bytes += tapeObjectBytes + entry.data.length;
    }
    return bytes;
  }

  #addResponse(m: AppendEntriesResponse, input: Input): number {
    const sender = this.#numberOf(m.from);
    if (sender === null) return this.#addAsItIs(input, 0);
    this.#begin(codes.appendResponse);
    this.#add(sender);
    this.#add(m.term);
    this.#add(m.rejected ? 1 : 0);
    this.#add(m.index);
    this.#add(m.hintIndex);
    this.#add(m.hintTerm);
    this.#add(m.readRound);
    return tapeEventBytes;
  }

  #numberOf(sender: NodeId): number | null {
    const known = this.#senderNumbers.get(sender);
    if (known !== undefined) return known;
    if (this.#senders.length >= tapeSendersMax) return null;
    const number = this.#senders.push(sender) - 1;
    this.#senderNumbers.set(sender, number);
    return number;
  }

  /** @returns what an event costs at least */
  #begin(code: number): number {
    if (this.#used + eventMaxWords > this.#words.length) {
      const longer = new Float64Array(this.#words.length * 2);
      longer.set(this.#words);
      this.#words = longer;
    }
    this.#add(code);
    return tapeEventBytes;
  }

  /** @returns 0: its place is counted */
  #add(word: number): number {
    this.#words[this.#used] = word;
    this.#used += 1;
    return 0;
  }
}

function messageBytes(message: Message): number {
  if (message.type === "installSnapshot") return message.chunk.data.length;
  if (message.type !== "appendEntries") return 0;
  let bytes = 0;
  for (const { data } of message.entries) bytes += tapeObjectBytes + data.length;
  return bytes;
}

interface TapeParts {
  readonly own: NodeId;
  readonly words: Float64Array;
  readonly inputs: readonly Input[];
  readonly entries: readonly Entry[];
  readonly commands: readonly Uint8Array[];
  readonly senders: readonly NodeId[];
}

class Reader {
  /** The next word. */
  at = 0;
  readonly #parts: TapeParts;
  #inputAt = 0;
  #entryAt = 0;
  #commandAt = 0;

  constructor(parts: TapeParts) {
    this.#parts = parts;
  }

  next(): TapeEvent {
    const code = this.#word();
    switch (code) {
      case codes.ready:
        return this.#word();
      case codes.tick:
        return { type: "tick" };
      case codes.persisted:
        return { type: "persisted", write: this.#word() };
      case codes.applied:
        return { type: "applied", index: this.#word() };
      case codes.propose: {
        const command = this.#parts.commands[this.#commandAt++]!;
        return { type: "propose", context: this.#word(), commands: [command] };
      }
      case codes.append:
        return { type: "receive", message: this.#append() };
      case codes.appendResponse:
        return { type: "receive", message: this.#response() };
      default:
        return this.#parts.inputs[this.#inputAt++]!;
    }
  }

  /** The words come in the order in which the fields stand here. */
  #append(): AppendEntries {
    const { own, senders, entries } = this.#parts;
    return {
      type: "appendEntries",
      from: senders[this.#word()]!,
      to: own,
      term: this.#word(),
      prevIndex: this.#word(),
      prevTerm: this.#word(),
      commitIndex: this.#word(),
      readRound: this.#word(),
      entries: entries.slice(this.#entryAt, (this.#entryAt += this.#word())),
    };
  }

  #response(): AppendEntriesResponse {
    const { own, senders } = this.#parts;
    return {
      type: "appendEntriesResponse",
      from: senders[this.#word()]!,
      to: own,
      term: this.#word(),
      rejected: this.#word() === 1,
      index: this.#word(),
      hintIndex: this.#word(),
      hintTerm: this.#word(),
      readRound: this.#word(),
    };
  }

  #word(): number {
    return this.#parts.words[this.at++]!;
  }
}
