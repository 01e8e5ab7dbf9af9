/** The calls of v1 in Raft mode: every write goes through the log, reads have levels. */
import type {
  CounterOperation,
  CounterVersion,
  OperationDone,
  SessionStep,
  SingleResult,
} from "@counter/state-machine";

import { OperationRefusedError, type RaftEngine, type ReadLevel } from "../../engine/engine.ts";
import type { ApiRequest } from "../api.ts";
import { readWaitMs, tokensIn, waitHeaders, waitMsOf } from "../prefer.ts";
import { Problem } from "../problems.ts";
import type {
  Answer,
  BatchItem,
  BatchResult,
  Page,
  PageCall,
  V1Calls,
  WriteCall,
  Written,
} from "../v1/calls.ts";
import type {
  AddBody,
  AddedBody,
  ChangedBody,
  CounterBody,
  CreateBody,
  IssuedBody,
  PatchBody,
} from "../v1/schemas.ts";
import type { TracesKept } from "../trace.ts";
import { notesOf } from "./calls.ts";
import { freshnessHeaders, readLevel } from "./consistency.ts";
import {
  addedBody,
  bodyFor,
  changedBody,
  counterBody,
  describedBody,
  etagOf,
  issuedBody,
} from "./v1-bodies.ts";
import {
  addOf,
  casOf,
  commonOf,
  createOf,
  deleteOf,
  nextOf,
  operationOf,
  patchFor,
  resetOf,
  setOf,
} from "./v1-operations.ts";
import { refusalProblem } from "./v1-refusals.ts";

export class RaftV1Calls implements V1Calls {
  readonly mode = "strong";
  readonly readQuery: readonly string[] = ["consistency", "maxStaleness", "atLeast"];
  readonly writeQuery: readonly string[] = [];
  readonly #engine: () => RaftEngine;
  readonly #waitMaxMs: number;
  readonly #keepTraces: TracesKept;

  /**
   * @param engine - the engine once there is one; throws a Problem before
   * @param config.applyTimeoutMs - longest wait of a read that may be sent on to the leader
   * @param config.keepTraces - which traces of requests the log keeps
   */
  constructor(
    engine: () => RaftEngine,
    config: { readonly applyTimeoutMs: number; readonly keepTraces: TracesKept },
  ) {
    this.#engine = engine;
    this.#waitMaxMs = config.applyTimeoutMs;
    this.#keepTraces = config.keepTraces;
  }

  async read(request: ApiRequest, name: string): Promise<Answer<CounterBody>> {
    const engine = this.#engine();
    const { level, waited } = this.#levelOf(request, engine);
    const read = await engine.read({ counter: name, ...level });
    const seen = {
      "counter-version": engine.tokens.encode(read.version),
      ...freshnessHeaders(level, read),
      ...waited,
    };
    const { counter } = read;
    if (counter === null) {
      throw new Problem("counter-not-found", `there is no counter ${name}`, { headers: seen });
    }
    return { body: counterBody(counter), headers: { ...seen, etag: etagOf(counter) } };
  }

  async list({ request, prefix, limit, after }: PageCall): Promise<Answer<Page>> {
    const engine = this.#engine();
    const { level, waited } = this.#levelOf(request, engine);
    const page = await engine.list({ prefix, limit, after, ...level });
    const headers = {
      "counter-version": engine.tokens.encode(page.version),
      ...freshnessHeaders(level, page),
      ...waited,
    };
    return { body: { items: page.counters.map(counterBody), last: page.after }, headers };
  }

  create(call: WriteCall<CreateBody>): Promise<Written<CounterBody>> {
    return this.#write(createOf(call), call, (done) => describedBody(call.name, done));
  }

  patch(call: WriteCall<PatchBody>): Promise<Written<CounterBody>> {
    const operation = { type: "configure", ...commonOf(call), patch: patchFor(call.args) } as const;
    return this.#write(operation, call, (done) => describedBody(call.name, done));
  }

  remove(call: WriteCall<null>): Promise<Written<null>> {
    return this.#write(deleteOf(call), call, () => null);
  }

  add(call: WriteCall<AddBody>): Promise<Written<AddedBody>> {
    return this.#write(addOf(call), call, (done) => addedBody(call.name, done));
  }

  next(call: WriteCall<{ readonly count: bigint }>): Promise<Written<IssuedBody>> {
    const { count } = call.args;
    return this.#write(nextOf(call), call, (done) => issuedBody(call.name, count, done));
  }

  cas(
    call: WriteCall<{ readonly expected: bigint; readonly value: bigint }>,
  ): Promise<Written<ChangedBody>> {
    return this.#write(casOf(call), call, (done) => changedBody(call.name, done));
  }

  set(call: WriteCall<{ readonly value: bigint }>): Promise<Written<ChangedBody>> {
    return this.#write(setOf(call), call, (done) => changedBody(call.name, done));
  }

  reset(call: WriteCall<{ readonly to: bigint | null }>): Promise<Written<ChangedBody>> {
    return this.#write(resetOf(call), call, (done) => changedBody(call.name, done));
  }

  async batch(
    items: readonly BatchItem[],
    atomic: boolean,
    step: SessionStep | null,
  ): Promise<Answer<readonly BatchResult[]>> {
    const engine = this.#engine();
    const operations = items.map(operationOf);
    const request = items[0]?.call.request;
    const notes = request === undefined ? {} : notesOf(request, this.#keepTraces);
    const results = await this.#writeAll(engine, operations, { atomic, step, ...notes });
    const body = results.map((result, at): BatchResult => {
      const operation = operations[at]!;
      if (result.status === "refused") {
        return { refused: refusalProblem(result, operation, engine.tokens) };
      }
      return { body: bodyFor(operation, result), replayed: result.replayed };
    });
    const done = results.flatMap((result) => (result.status === "ok" ? result : []));
    const [last] = done.sort((a, b) => b.revision - a.revision);
    return { body, headers: last === undefined ? {} : versionHeader(engine, last) };
  }

  contributions(): Promise<never> {
    return Promise.reject(onlyEventual("nobody counts by himself"));
  }

  conflicts(): Promise<never> {
    return Promise.reject(onlyEventual("a key is decided once for all"));
  }

  #levelOf(
    request: ApiRequest,
    engine: RaftEngine,
  ): { readonly level: ReadLevel; readonly waited: Readonly<Record<string, string>> } {
    const level = readLevel(request.query);
    const tokens = tokensIn(request).map((text) => engine.tokens.decode(text));
    if (tokens.length === 0) return { level, waited: {} };
    // What is of an older epoch is foreign, whatever the others say.
    const [token] = tokens.sort((a, b) => a.epoch - b.epoch || b.revision - a.revision);
    const asked = waitMsOf(request);
    const waitMs = Math.min(asked ?? readWaitMs, this.#waitMaxMs);
    const waited = waitHeaders(asked === null ? null : waitMs);
    return { level: { ...level, atLeast: { token: token!, waitMs } }, waited };
  }

  async #write<Body>(
    operation: CounterOperation,
    { step, request }: Pick<WriteCall<unknown>, "step" | "request">,
    bodyOf: (done: OperationDone) => Body,
  ): Promise<Written<Body>> {
    const engine = this.#engine();
    try {
      const done = await engine.write(operation, step, notesOf(request, this.#keepTraces));
      const version = versionHeader(engine, done);
      // A tag of what is gone would be one of nothing.
      const headers = operation.type === "delete" ? version : { ...version, etag: etagOf(done) };
      return { body: bodyOf(done), headers, replayed: done.replayed };
    } catch (error) {
      if (!(error instanceof OperationRefusedError)) throw error;
      throw refusalProblem(error.refusal, operation, engine.tokens);
    }
  }

  async #writeAll(
    engine: RaftEngine,
    operations: readonly CounterOperation[],
    options: Parameters<RaftEngine["writeAll"]>[1],
  ): Promise<readonly SingleResult[]> {
    try {
      return await engine.writeAll(operations, options);
    } catch (error) {
      if (!(error instanceof OperationRefusedError)) throw error;
      const { index } = error.refusal;
      const operation = operations[index ?? 0]!;
      throw refusalProblem(error.refusal, operation, engine.tokens, { index });
    }
  }
}

function versionHeader(
  engine: RaftEngine,
  { epoch, revision }: CounterVersion,
): {
  readonly "counter-version": string;
} {
  return { "counter-version": engine.tokens.encode({ epoch, revision }) };
}

function onlyEventual(why: string): Problem {
  return new Problem("mode-mismatch", `not available in raft mode: ${why}`);
}
