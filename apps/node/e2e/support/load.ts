/** Concurrent clients that count and read at nodes taken at random, and record what they saw. */
import { Agent } from "node:http";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { codeOf, exchange, headerOf, type Call, type Reply } from "./http.ts";
import type { History, Outcome } from "./history.ts";

export interface LoadOptions {
  readonly history: History;
  readonly ports: readonly number[];
  /** Clients that write without a key, and never send a request twice; default 8. */
  readonly writers?: number;
  /** Clients that write with a key and retry, at any node, until they are answered; default 0. */
  readonly keyedWriters?: number;
  /** Clients that read; default 0. */
  readonly readers?: number;
  /** Longest wait for one reply, in milliseconds; default 2500. */
  readonly timeoutMs?: number;
  /** Longest pause of a client after an answer, in milliseconds; default 2. Drawn anew each time. */
  readonly thinkMaxMs?: number;
}

/** After a failure, as a polite client would. */
const retryMs = 25;
/** How long the last operation with a key may go on after the load was stopped. */
const keyPatienceMs = 10_000;

const counterSchema = z.object({ counter: z.number() });

export class Load {
  readonly #options: LoadOptions;
  readonly #clients: Promise<void>[] = [];
  #stopping = false;
  #abandoned = false;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): this {
    const { writers = 8, keyedWriters = 0, readers = 0 } = this.#options;
    const run = (count: number, operation: (agent: Agent) => Promise<void>): void => {
      for (let client = 0; client < count; client += 1) this.#clients.push(this.#client(operation));
    };
    run(writers, (agent) => this.#write(agent));
    run(keyedWriters, (agent) => this.#writeWithKey(agent));
    run(readers, (agent) => this.#read(agent));
    return this;
  }

  /** Resolves when the last request has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients);
  }

  /** For the end of a test, failed ones above all: nobody is waited for longer than one reply. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.stop();
  }

  async #client(operation: (agent: Agent) => Promise<void>): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    try {
      while (!this.#stopping) await operation(agent);
    } finally {
      agent.destroy();
    }
  }

  async #write(agent: Agent): Promise<void> {
    const { history } = this.#options;
    const outcome = await recorded(history, "write", this.#call(agent, "POST", "/next"));
    await this.#breathe(outcome);
  }

  async #read(agent: Agent): Promise<void> {
    const { history } = this.#options;
    const outcome = await recorded(history, "read", this.#call(agent, "GET", "/get"));
    await this.#breathe(outcome);
  }

  async #writeWithKey(agent: Agent): Promise<void> {
    const startedAt = performance.now();
    const key = randomUUID();
    let outcome: Outcome;
    let endedAt: number;
    let stoppedAt = Infinity;
    let inTime: boolean;
    do {
      const call = this.#call(agent, "POST", "/next");
      outcome = await attempt({ ...call, headers: { "idempotency-key": key } });
      endedAt = performance.now();
      await this.#breathe(outcome);
      if (this.#stopping) stoppedAt = Math.min(stoppedAt, endedAt);
      inTime = !this.#abandoned && endedAt < stoppedAt + keyPatienceMs;
    } while (outcome.kind !== "acknowledged" && inTime);
    // Of several attempts any may count, whatever the last one says.
    if (outcome.kind !== "acknowledged") outcome = { kind: "unknown", why: outcome.why };
    this.#options.history.record({ kind: "write", startedAt, endedAt, outcome });
  }

  async #breathe(outcome: Outcome): Promise<void> {
    const { thinkMaxMs = 2 } = this.#options;
    await pause(outcome.kind === "acknowledged" ? Math.random() * thinkMaxMs : retryMs);
  }

  #call(agent: Agent, method: string, path: string): Call {
    const { ports, timeoutMs = 2500 } = this.#options;
    const port = ports[Math.floor(Math.random() * ports.length)]!;
    return { port, method, path, agent, timeoutMs };
  }
}

/** Sends one request and puts what became of it into the history. */
export async function recorded(
  history: History,
  kind: "write" | "read",
  call: Call,
): Promise<Outcome> {
  const startedAt = performance.now();
  const outcome = await attempt(call);
  history.record({ kind, startedAt, endedAt: performance.now(), outcome });
  return outcome;
}

async function attempt(call: Call): Promise<Outcome> {
  try {
    return outcomeOf(await exchange(call));
  } catch (error) {
    const why = codeOf(error) ?? String(error);
    // Without a connection nothing was sent. After any other failure nobody knows.
    return why === "ECONNREFUSED" ? { kind: "notApplied", why } : { kind: "unknown", why };
  }
}

function outcomeOf(reply: Reply): Outcome {
  const { status, text } = reply;
  if (status === 200) {
    const value = text.startsWith("{") ? counterSchema.parse(JSON.parse(text)).counter : text;
    return { kind: "acknowledged", value: Number(value) };
  }
  const why = `${status} ${text.trim()}`;
  const told = headerOf(reply, "counter-outcome");
  return told === "not-applied" ? { kind: "notApplied", why } : { kind: "unknown", why };
}
