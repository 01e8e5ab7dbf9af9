/**
 * Clients: one operation at a time each, retried at other servers with the same key, timed out,
 * sometimes abandoned. They see nothing but replies, and they are the judges of linearizability.
 */
import type { NodeId } from "@counter/raft";
import type { OperationOutcome, OperationRecord } from "./history.ts";
import type { Operation } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Reply } from "./requests.ts";
import type { SimServer } from "./server.ts";
import type { World } from "./world.ts";

/** Most operations of one run. */
export const operationsMax: number = 1_000_000;

export interface SimClientOptions {
  readonly world: World;
  readonly servers: readonly SimServer[];
  readonly random: Random;
  readonly position: number;
  /** Asks and never commands. */
  readonly isReader: boolean;
}

/** A reader takes this many looks for a query in its workload before it sends what it got. */
const queryDrawsMax = 32;
/** How often a request comes a second time, late. */
const lateCopies = 0.05;
/** Longest pause and patience of a reader, in units. */
const readerUnits = { think: 50, timeout: 300 };

export class SimClient {
  readonly #options: SimClientOptions;
  #number = 0;
  /** The attempt that a reply must belong to; later ones make earlier ones void. */
  #attempt = 0;
  #leader: NodeId | null = null;
  /** Set when the run is ending: finish what is open, do one more operation, stop. */
  #finishing = false;
  #lastOne = false;
  #current: OperationRecord | null = null;
  #previous: OperationRecord | null = null;
  readonly #notes = new Map<string, number>();
  #mayBeOpen = false;

  constructor(options: SimClientOptions) {
    this.#options = options;
  }

  /** Whether everything was answered after {@link SimClient.finish}. */
  get isDone(): boolean {
    return this.#lastOne && this.#current === null;
  }

  get current(): OperationRecord | null {
    return this.#current;
  }

  start(): void {
    const { world, random } = this.#options;
    world.heap.after(random.below(this.#thinkMaxUnits + 1), () => this.#begin());
  }

  /** From now on nothing is given up: the network is whole, so everything must be answered. */
  finish(): void {
    this.#finishing = true;
  }

  #begin(): void {
    const { world, position } = this.#options;
    if (this.#lastOne || world.history.length >= operationsMax) return;
    this.#lastOne = this.#finishing;
    const operation = this.#draw();
    this.#current = {
      id: world.history.length,
      client: position,
      number: this.#number,
      operation,
      invokedAt: world.heap.now,
      returnedAt: Infinity,
      outcome: "open",
      answer: null,
      attempts: 0,
      committedAtStart: world.invariants.committed.lastIndex,
    };
    this.#number += 1;
    this.#mayBeOpen = false;
    world.history.push(this.#current);
    this.#try();
  }

  #draw(): Operation {
    const { world, random, position, isReader } = this.#options;
    const at = {
      client: position,
      number: this.#number,
      previous: this.#previous,
      notes: this.#notes,
    };
    let operation = world.workload.nextOperation(random, at);
    for (let i = 0; isReader && operation.kind !== "query" && i < queryDrawsMax; i += 1) {
      operation = world.workload.nextOperation(random, at);
    }
    return operation;
  }

  get #thinkMaxUnits(): number {
    const { world, isReader } = this.#options;
    return isReader ? readerUnits.think : world.knobs.clients.thinkMaxUnits;
  }

  #try(): void {
    const { world, random, isReader } = this.#options;
    const { loss, abandon } = world.knobs.clients;
    const timeoutUnits = isReader ? readerUnits.timeout : world.knobs.clients.timeoutUnits;
    const record = this.#current!;
    record.attempts += 1;
    this.#attempt += 1;
    const attempt = this.#attempt;
    const server = this.#choose();
    this.#say(`asks ${server.id}: ${record.operation.text}`);
    const reply = (answer: Reply): void => {
      if (!this.#finishing && random.chance(loss)) return;
      world.heap.after(random.between(1, 10), () => this.#onReply(attempt, answer));
    };
    const isLost = !this.#finishing && random.chance(loss);
    const isAbandoned = !this.#finishing && random.chance(abandon);
    const request = { record, reply };
    if (!isLost) world.heap.after(random.between(1, 10), () => server.request(request));
    this.#maybeCopy(() => server.request(request), timeoutUnits);
    world.heap.after(isAbandoned ? random.below(timeoutUnits) : timeoutUnits, () => {
      if (attempt !== this.#attempt || this.#current !== record) return;
      this.#mayBeOpen = true;
      if (isAbandoned && !this.#finishing) this.#end("unknown", null);
      else this.#again();
    });
  }

  /** A copy of a request arrives much later, where the machine is made to know it again. */
  #maybeCopy(deliver: () => void, timeoutUnits: number): void {
    const { world, random } = this.#options;
    if (world.workload.isForgotten === undefined || this.#current?.operation.key === null) return;
    if (this.#finishing || !random.chance(lateCopies)) return;
    this.#mayBeOpen = true;
    world.heap.after(random.below(10 * timeoutUnits), deliver);
  }

  #choose(): SimServer {
    const { servers, random, world } = this.#options;
    const any = random.pick(servers);
    if (!random.chance(world.knobs.clients.followLeader)) return any;
    if (this.#current?.operation.kind === "query") {
      // Reads are most telling where somebody has not heard that he is deposed.
      const leaders = servers.filter(({ status }) => status?.role === "leader");
      return leaders.length > 1 ? random.pick(leaders) : any;
    }
    return servers.find(({ id }) => id === this.#leader) ?? any;
  }

  #onReply(attempt: number, reply: Reply): void {
    if (attempt !== this.#attempt || this.#current === null) return;
    switch (reply.type) {
      case "answer":
        if (this.#options.world.workload.isForgotten?.(reply.answer) === true) {
          return this.#end("unknown", null);
        }
        return this.#end("answered", reply.answer);
      case "unknown":
        this.#mayBeOpen = true;
        this.#leader = null;
        return this.#again();
      case "refused":
        this.#leader = reply.leaderId;
        return this.#again();
    }
  }

  #again(): void {
    const { world, random } = this.#options;
    const record = this.#current!;
    const { operation } = record;
    const isCommand = operation.kind === "command";
    this.#attempt += 1; // whatever is still under way does not count any more
    const isOnce = operation.key === null && world.flaw !== "repeats-without-a-key";
    if (this.#mayBeOpen && isCommand && isOnce) return this.#end("unknown", null);
    if (record.attempts >= world.knobs.clients.attemptsMax && !this.#finishing) {
      return this.#end(this.#mayBeOpen && isCommand ? "unknown" : "refused", null);
    }
    const attempt = this.#attempt;
    world.heap.after(random.between(5, 150), () => {
      if (attempt === this.#attempt && this.#current === record) this.#try();
    });
  }

  #end(outcome: OperationOutcome, answer: Uint8Array | null): void {
    const { world, random } = this.#options;
    const record = this.#current!;
    record.outcome = outcome;
    record.answer = answer;
    if (outcome !== "unknown") record.returnedAt = world.heap.now;
    this.#attempt += 1;
    this.#current = null;
    this.#previous = record;
    this.#say(`${outcome}: ${record.operation.text}`);
    world.trace.mix(record.id);
    world.trace.mix(outcome.length);
    world.heap.after(random.below(this.#thinkMaxUnits + 1), () => this.#begin());
  }

  #say(what: string): void {
    const { world, position } = this.#options;
    if (world.trace.recording) world.trace.line(world.heap.now, `client ${position + 1}`, what);
  }
}
