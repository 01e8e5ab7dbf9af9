/**
 * What clients asked one server and wait for. Lives as long as the server's process: a crash answers
 * everything with "unknown", which is what a broken connection tells a client.
 */
import type { EntryId, LogIndex, Outcome } from "@counter/raft";
import type { OperationRecord } from "./history.ts";
import type { ServerView } from "./server-view.ts";
import { wrapCommand } from "./world.ts";
import type { World } from "./world.ts";

export type Reply =
  | { readonly type: "answer"; readonly answer: Uint8Array }
  /** For certain nothing was appended or read; `leaderId` may be worth asking. */
  | { readonly type: "refused"; readonly leaderId: string | null }
  | { readonly type: "unknown" };

export interface Request {
  readonly record: OperationRecord;
  readonly reply: (reply: Reply) => void;
}

/** A read that is confirmed and waits until its index is applied. */
interface WaitingRead {
  readonly index: LogIndex;
  readonly request: Request;
}

/** Most requests that one server keeps; more are refused, as a real host refuses them. */
export const requestsMax: number = 1024;

export class Requests {
  readonly #world: World;
  readonly #server: ServerView;
  readonly #asked = new Map<number, readonly Request[]>();
  readonly #appended = new Map<LogIndex, { readonly term: number; readonly request: Request }>();
  #readable: WaitingRead[] = [];
  #nextContext = 1;
  #lastCommand: Uint8Array | null = null;

  constructor(world: World, server: ServerView) {
    this.#world = world;
    this.#server = server;
  }

  get isFull(): boolean {
    return this.#asked.size + this.#appended.size + this.#readable.length >= requestsMax;
  }

  /** Remembers requests until the core answers this context. */
  ask(requests: readonly Request[]): number {
    const context = this.#nextContext;
    this.#nextContext += 1;
    this.#asked.set(context, requests);
    return context;
  }

  /** The bytes to propose: which operation it is, then the workload's. */
  commandFrom({ record }: Request): Uint8Array {
    const command = wrapCommand(record.id, record.operation.bytes);
    if (this.#world.flaw === "reuses-a-buffer") this.#lastCommand?.set(command.subarray(0, 4));
    this.#lastCommand = command;
    return command;
  }

  onOutcome(
    outcome: Outcome,
    appliedIndex: LogIndex,
    query: (request: Request) => Uint8Array,
  ): void {
    const requests = this.#asked.get(outcome.context);
    if (requests === undefined) return;
    this.#asked.delete(outcome.context);
    switch (outcome.type) {
      case "proposed":
        return this.#onProposed(outcome.first, requests);
      case "readReady":
        for (const request of requests) this.#onReadReady(outcome.index, request);
        return this.onApplied(appliedIndex, query);
      case "changeProposed":
      case "changeRefused":
        return; // nobody waits: the configuration in force shows what became of it
      case "proposalRefused":
      case "readRefused": {
        const { refusal } = outcome;
        const leaderId = refusal.reason === "notLeader" ? refusal.leaderId : null;
        for (const request of requests) request.reply({ type: "refused", leaderId });
      }
    }
  }

  /** An entry was applied: whoever waits for its index gets the answer, or learns that it lost. */
  onEntry(id: EntryId, answer: Uint8Array | null): void {
    const waiting = this.#appended.get(id.index);
    if (waiting === undefined) return;
    this.#appended.delete(id.index);
    if (waiting.term === id.term && answer !== null) {
      waiting.request.reply({ type: "answer", answer });
      return;
    }
    this.#world.coverage.hit("proposalLost");
    waiting.request.reply({ type: "refused", leaderId: null });
  }

  /** Serves the reads that this index makes possible. */
  onApplied(appliedIndex: LogIndex, query: (request: Request) => Uint8Array): void {
    if (this.#readable.length === 0) return;
    const later: WaitingRead[] = [];
    for (const read of this.#readable) {
      if (read.index > appliedIndex) later.push(read);
      else read.request.reply({ type: "answer", answer: query(read.request) });
    }
    this.#readable = later;
  }

  /** A snapshot took the place of these entries: what they answered is not known here. */
  onRestored(index: LogIndex): void {
    for (const [at, { request }] of this.#appended) {
      if (at > index) continue;
      this.#appended.delete(at);
      request.reply(this.#unknown);
    }
  }

  /** The process is gone. */
  onCrash(): void {
    const open = [
      ...[...this.#asked.values()].flat(),
      ...[...this.#appended.values()].map(({ request }) => request),
      ...this.#readable.map(({ request }) => request),
    ];
    this.#asked.clear();
    this.#appended.clear();
    this.#readable = [];
    for (const request of open) request.reply(this.#unknown);
  }

  get #unknown(): Reply {
    if (this.#world.flaw === "calls-unknown-refused") return { type: "refused", leaderId: null };
    return { type: "unknown" };
  }

  #onProposed(first: EntryId, requests: readonly Request[]): void {
    requests.forEach((request, i) => {
      const index = first.index + i;
      const replaced = this.#appended.get(index);
      // Our own earlier proposal for this index was truncated without our hearing of it.
      replaced?.request.reply(this.#unknown);
      this.#appended.set(index, { term: first.term, request });
    });
  }

  #onReadReady(index: LogIndex, request: Request): void {
    const { coverage, invariants } = this.#world;
    invariants.onRead(this.#server, { index, floor: request.record.committedAtStart });
    coverage.hit(this.#server.status?.role === "leader" ? "leaderRead" : "followerRead");
    this.#readable.push({ index, request });
  }
}
