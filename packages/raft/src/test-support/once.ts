/** A state machine that gives itself away when it applies twice, and logs to feed it with. */
import { exactlyOnce, isRefused, refuse } from "../index.ts";
import { encodeEnvelope } from "../exactly-once/envelope.ts";
import { defaultMemoryLimits } from "../exactly-once/limits.ts";
import { isSessionChanged, refusedCode } from "../node/answers.ts";
import type {
  Answer,
  CommittedCommand,
  EnvelopeContent,
  ExactlyOnceMachine,
  ExactlyOnceOptions,
  StateMachine,
} from "../index.ts";

/**
 * Remembers every command that it was given and answers with how many there were. Refuses commands
 * that begin with 13; answers with as many zeros as the second byte says, in KiB.
 */
export class Tally implements StateMachine<string> {
  applied: string[] = [];
  readonly batches: number[] = [];
  late = false;

  apply(
    commands: readonly CommittedCommand[],
  ): readonly Answer<string>[] | Promise<readonly Answer<string>[]> {
    this.batches.push(commands.length);
    const answers = commands.map(({ data }) => {
      if (data[0] === 13) return refuse("unlucky");
      const count = this.applied.push(data.join("."));
      return `${count}${"0".repeat((data[1] ?? 0) * 1024)}`;
    });
    return this.late ? Promise.resolve(answers) : answers;
  }

  snapshot(): Iterable<Uint8Array> {
    return [textBytes(this.applied.join(" "))];
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) pieces.push(chunk);
    const text = bytesText(Buffer.concat(pieces));
    this.applied = text === "" ? [] : text.split(" ");
  }
}

export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const bytesText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export type OnceOptions = Partial<ExactlyOnceOptions<string>>;

/** A machine, what is inside it, and a log that grows with every entry it is given. */
export class OnceLog {
  readonly tally = new Tally();
  readonly machine: ExactlyOnceMachine<string>;
  readonly entries: CommittedCommand[] = [];
  readonly #options: OnceOptions;

  constructor(options: OnceOptions = {}) {
    this.#options = options;
    this.machine = once(this.tally, options);
  }

  /** The bytes of an entry that is proposed at this log time. */
  wrap(content: EnvelopeContent, atMs: number = 0): Uint8Array {
    return encodeEnvelope({ content, atMs, limits: { ...defaultMemoryLimits, ...this.#options } });
  }

  append(content: EnvelopeContent, atMs?: number): CommittedCommand {
    const index = (this.entries.at(-1)?.index ?? 10) + 1;
    const entry = { index, term: 1, data: this.wrap(content, atMs) };
    this.entries.push(entry);
    return entry;
  }

  /** Applies one entry and says in a word what came out: a result, or why not. */
  say(content: EnvelopeContent, atMs?: number): string {
    return this.sayTogether([content], atMs)[0]!;
  }

  /** The same for several entries in one call of `apply`. */
  sayTogether(contents: readonly EnvelopeContent[], atMs?: number): readonly string[] {
    const answers = this.machine.apply(contents.map((content) => this.append(content, atMs)));
    if (answers instanceof Promise) throw new Error("this machine answers at once");
    return answers.map(wordOf);
  }

  /** Opens a session; its id. */
  open(atMs?: number): number {
    this.say({ type: "open" }, atMs);
    return this.entries.at(-1)!.index;
  }
}

export function once(
  tally: StateMachine<string>,
  options: OnceOptions = {},
): ExactlyOnceMachine<string> {
  return exactlyOnce(tally, { encodeResult: textBytes, decodeResult: bytesText, ...options });
}

/** `3`, `refused: unlucky`, `RAFT_KEY_REUSED`, `session`. */
export function wordOf(answer: Answer<string>): string {
  if (isSessionChanged(answer)) return "session";
  if (!isRefused(answer)) return answer;
  const code = refusedCode(answer);
  return code === "RAFT_REFUSED" ? `refused: ${answer.reason}` : code;
}

export function keyed(
  key: string,
  command: number | readonly number[],
  sinceMs: number | null = null,
): EnvelopeContent {
  const bytes = typeof command === "number" ? [command] : command;
  return { type: "keyed", key, command: Uint8Array.from(bytes), sinceMs };
}

export function inSession(
  sessionId: number,
  [seq, ack]: readonly [number, number],
  command: number | readonly number[],
): EnvelopeContent {
  const bytes = typeof command === "number" ? [command] : command;
  return { type: "session", sessionId, seq, ack, command: Uint8Array.from(bytes) };
}

export function plain(...command: readonly number[]): EnvelopeContent {
  return { type: "plain", command: Uint8Array.from(command) };
}

/** All pieces of a snapshot. */
export async function piecesOf(machine: StateMachine<unknown>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of machine.snapshot()) pieces.push(piece);
  return pieces;
}

/** Bytes in pieces of this size, as a disk gives them. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
