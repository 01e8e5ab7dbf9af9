/**
 * Inputs and hashes of Readys in the order in which they came, in little room.
 *
 * To keep thousands of small objects alive costs the garbage collector far more than they weigh: it
 * copies each of them, twice. So the inputs that come all the time are taken apart into numbers, and
 * of what they carry only entries and commands are kept, which the log holds anyway. All other
 * inputs are kept as they are.
 *
 * A field that such an input gains has to be written and read here, or it is lost. The compiler asks
 * for those that are required; of those that may be missing somebody has to think.
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

/** The first word of an event. A second one always follows; further ones as the reader has it. */
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
  readonly #entries: (readonly Entry[])[] = [];
  readonly #commands: Uint8Array[] = [];
  readonly #senders: NodeId[] = [];
  readonly #senderNumbers = new Map<NodeId, number>();

  constructor(own: NodeId) {
    this.#own = own;
  }

  addReady(hash: number): void {
    this.#add(codes.ready, hash);
  }

  /** @returns how many bytes it holds on to, estimated */
  addInput(input: Input): number {
    switch (input.type) {
      case "tick":
        // A tick that tells more is kept with what it tells.
        if (Object.keys(input).length > 1) return this.#addAsItIs(input, 0);
        return this.#add(codes.tick, 0);
      case "persisted":
        return this.#add(codes.persisted, input.write);
      case "applied":
        return this.#add(codes.applied, input.index);
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
    return this.#add(codes.asItIs, 0) + tapeObjectBytes + bytes;
  }

  #addProposal(context: number, commands: readonly Uint8Array[], input: Input): number {
    let bytes = 0;
    for (const { length } of commands) bytes += tapeObjectBytes + length;
    const [only] = commands;
    if (only === undefined || commands.length > 1) return this.#addAsItIs(input, bytes);
    this.#commands.push(only);
    return this.#add(codes.propose, context) + bytes;
  }

  #addAppend(m: AppendEntries, input: Input): number {
    const sender = this.#numberOf(m.from);
    if (sender === null) return this.#addAsItIs(input, messageBytes(m));
    this.#entries.push(m.entries);
    const bytes = this.#add(codes.append, sender) + messageBytes(m);
    const words = this.#words;
    let at = this.#used;
    words[at++] = m.term;
    words[at++] = m.prevIndex;
    words[at++] = m.prevTerm;
    words[at++] = m.commitIndex;
    words[at++] = m.readRound;
    this.#used = at;
    return bytes;
  }

  #addResponse(m: AppendEntriesResponse, input: Input): number {
    const sender = this.#numberOf(m.from);
    if (sender === null) return this.#addAsItIs(input, 0);
    const bytes = this.#add(codes.appendResponse, sender);
    const words = this.#words;
    let at = this.#used;
    words[at++] = m.term;
    words[at++] = m.rejected ? 1 : 0;
    words[at++] = m.index;
    words[at++] = m.hintIndex;
    words[at++] = m.hintTerm;
    words[at++] = m.readRound;
    this.#used = at;
    return bytes;
  }

  #numberOf(sender: NodeId): number | null {
    const known = this.#senderNumbers.get(sender);
    if (known !== undefined) return known;
    if (this.#senders.length >= tapeSendersMax) return null;
    const number = this.#senders.push(sender) - 1;
    this.#senderNumbers.set(sender, number);
    return number;
  }

  /**
   * Begins an event, with room for all its words.
   *
   * @returns what it costs at least
   */
  #add(code: number, word: number): number {
    const at = this.#used;
    if (at + eventMaxWords > this.#words.length) this.#grow();
    this.#words[at] = code;
    this.#words[at + 1] = word;
    this.#used = at + 2;
    return tapeEventBytes;
  }

  #grow(): void {
    const longer = new Float64Array(this.#words.length * 2);
    longer.set(this.#words);
    this.#words = longer;
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
  readonly entries: readonly (readonly Entry[])[];
  readonly commands: readonly Uint8Array[];
  readonly senders: readonly NodeId[];
}

class Reader {
  /** The next word. */
  at = 0;
  readonly #parts: TapeParts;
  #inputAt = 0;
  #entriesAt = 0;
  #commandAt = 0;

  constructor(parts: TapeParts) {
    this.#parts = parts;
  }

  next(): TapeEvent {
    const code = this.#word();
    const word = this.#word();
    switch (code) {
      case codes.ready:
        return word;
      case codes.tick:
        return { type: "tick" };
      case codes.persisted:
        return { type: "persisted", write: word };
      case codes.applied:
        return { type: "applied", index: word };
      case codes.propose: {
        const command = this.#parts.commands[this.#commandAt++]!;
        return { type: "propose", context: word, commands: [command] };
      }
      case codes.append:
        return { type: "receive", message: this.#append(this.#parts.senders[word]!) };
      case codes.appendResponse:
        return { type: "receive", message: this.#response(this.#parts.senders[word]!) };
      default:
        return this.#parts.inputs[this.#inputAt++]!;
    }
  }

  /** The words come in the order in which the fields stand here. */
  #append(from: NodeId): AppendEntries {
    const { own, entries } = this.#parts;
    return {
      type: "appendEntries",
      from,
      to: own,
      term: this.#word(),
      prevIndex: this.#word(),
      prevTerm: this.#word(),
      commitIndex: this.#word(),
      readRound: this.#word(),
      entries: entries[this.#entriesAt++]!,
    };
  }

  #response(from: NodeId): AppendEntriesResponse {
    return {
      type: "appendEntriesResponse",
      from,
      to: this.#parts.own,
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
