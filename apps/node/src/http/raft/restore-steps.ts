/**
 * A restore, step by step, from any node: what was received there goes to whoever leads, part by
 * part. The parts are staged in the replicated state, so a new leader goes on where the last one was.
 */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

import {
  decodeBatch,
  encodeBatch,
  type OperationKey,
  type RestoreBegin,
  type RestoreStep,
} from "@counter/state-machine";
import { z } from "zod";

import type { ReceivedBackup } from "../../data-dir/received-backup.ts";
import type { RaftEngine } from "../../engine/engine.ts";
import { json, type ApiReply, type ApiRequest, type Route } from "../api.ts";
import { restoreStepDoc } from "../docs/cluster.ts";
import { requireMediaType } from "../negotiation.ts";
import { isProblemCode, problemKinds } from "../problem-kinds.ts";
import { Problem, problemOf } from "../problems.ts";
import type { Handling } from "../service.ts";
import { shareTrace, type TracesKept } from "../trace.ts";
import { notesOf } from "./calls.ts";

const path = "/v1/internal/restore";
const stepType = "application/vnd.counter.restore-step";
/** A part has 32 KiB, or one counter more. */
const stepMaxBytes = 512 * 1024;
/** How long a step is tried again while nobody takes it, in milliseconds. */
export const stepPatienceMs: number = 30_000;
/** Commits that are asked for again: a million counters at 8192 each. */
const commitsMax = 256;

const answerSchema = z.union([
  z.object({ status: z.literal("ok"), replayed: z.boolean(), epoch: z.string() }),
  z.object({ status: z.literal("refused"), code: z.string() }),
]);
type Answer = z.infer<typeof answerSchema>;

export function restoreStepRoute(engine: () => RaftEngine, keepTraces: TracesKept): Route {
  return {
    method: "POST",
    path,
    summary: "between nodes: a step of a restore, at the leader",
    kind: "control",
    scope: "peer",
    operation: restoreStepDoc,
    bodyMaxBytes: stepMaxBytes,
    handle: async (request) => {
      requireMediaType(request, stepType);
      const result = await engine().restore(stepIn(request.body), notesOf(request, keepTraces));
      return json(
        result.status === "refused"
          ? { status: "refused", code: result.code }
          : { status: "ok", replayed: result.replayed, epoch: String(result.value) },
      );
    },
  };
}

/** A command that says nothing but the step: the leader makes its own of it. */
function bytesOf(step: RestoreStep): Uint8Array {
  return encodeBatch({ at: 0, keyWindowMs: 1, keysMax: 0, countersMax: 0, operations: [step] });
}

function stepIn(bytes: Uint8Array): RestoreStep {
  try {
    const [step] = decodeBatch(bytes).operations;
    if (step !== undefined && isStep(step)) return step;
  } catch (error) {
    throw new Problem("validation-failed", "this is no step of a restore", { cause: error });
  }
  throw new Problem("validation-failed", "this is no step of a restore");
}

function isStep(operation: { readonly type: string }): operation is RestoreStep {
  return ["restore-begin", "restore-part", "restore-commit"].includes(operation.type);
}

export interface RestoreOutcome {
  readonly replayed: boolean;
  /** How many restores there have been, this one included. */
  readonly epoch: bigint;
}

export class RestoreDriver {
  readonly #route: Route;
  readonly #handle: Handling["handle"];

  /** @param handle - finds whoever leads */
  constructor(engine: () => RaftEngine, keepTraces: TracesKept, handle: Handling["handle"]) {
    this.#route = restoreStepRoute(engine, keepTraces);
    this.#handle = handle;
  }

  /**
   * @param asked.key - under which the whole counts once
   * @param asked.gone - whether nobody waits for it any more; before the commit it is given up then
   * @param asked.headers - of the request for it, whose trace each step belongs to
   * @throws Problem; `outcome-unknown` only if the commit may have been done
   */
  async run(
    backup: Pick<ReceivedBackup, "announced" | "parts">,
    asked: {
      readonly key: OperationKey | null;
      readonly gone: () => boolean;
      readonly headers: IncomingHttpHeaders;
    },
  ): Promise<RestoreOutcome> {
    const { key, gone, headers } = asked;
    const stage = randomUUID();
    const begin: RestoreBegin = { type: "restore-begin", stage, ...backup.announced, key };
    const begun = await this.#certainly(begin, headers);
    if (begun.replayed) return begun;
    let part = 0;
    for await (const data of backup.parts()) {
      if (gone()) throw new Problem("validation-failed", "the client is gone");
      await this.#certainly({ type: "restore-part", stage, part, data }, headers);
      part += 1;
    }
    if (gone()) throw new Problem("validation-failed", "the client is gone");
    return this.#commit(stage, key, headers);
  }

  /** Before the commit nothing is changed, whatever became of a step. */
  async #certainly(step: RestoreStep, of: IncomingHttpHeaders): Promise<RestoreOutcome> {
    try {
      return outcomeOf(await this.#patiently(step, of));
    } catch (error) {
      const problem = problemOf(error);
      if (problemKinds[problem.code].outcome !== "unknown") throw error;
      throw new Problem("no-leader", problem.message, { cause: error });
    }
  }

  /**
   * Without a key of its own a commit could not be sent again when nobody knows what became of it;
   * the stage gives it one. A full table of keys is no reason to refuse it: then it goes without.
   */
  async #commit(
    stage: string,
    given: OperationKey | null,
    of: IncomingHttpHeaders,
  ): Promise<RestoreOutcome> {
    const key = given ?? { key: `restore/${stage}`, fingerprint: new Uint8Array(16) };
    for (let asked = 0; asked < commitsMax; asked += 1) {
      const answer = await this.#patiently({ type: "restore-commit", stage, key }, of);
      if (answer.status === "ok") {
        return { ...outcomeOf(answer), replayed: given !== null && answer.replayed };
      }
      if (answer.code === "restore-not-ready") continue;
      if (answer.code !== "too-many-keys" || given !== null) return outcomeOf(answer);
      return this.#commitOnce(stage, of);
    }
    throw new Problem("overloaded", "numbers are handed out faster than they can be carried over");
  }

  async #commitOnce(stage: string, of: IncomingHttpHeaders): Promise<RestoreOutcome> {
    for (let asked = 0; asked < commitsMax; asked += 1) {
      const answer = await this.#send({ type: "restore-commit", stage, key: null }, of);
      if (answer.status === "ok" || answer.code !== "restore-not-ready") return outcomeOf(answer);
    }
    throw new Problem("overloaded", "numbers are handed out faster than they can be carried over");
  }

  /** Steps can be sent again: each counts once. */
  async #patiently(step: RestoreStep, of: IncomingHttpHeaders): Promise<Answer> {
    const deadlineMs = performance.now() + stepPatienceMs;
    for (;;) {
      try {
        return await this.#send(step, of);
      } catch (error) {
        const { outcome, retryable } = problemKinds[problemOf(error).code];
        const again = outcome === "unknown" || retryable;
        if (!again || performance.now() >= deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #send(step: RestoreStep, of: IncomingHttpHeaders): Promise<Answer> {
    const headers: IncomingHttpHeaders = { "content-type": stepType, accept: "application/json" };
    shareTrace(of, headers);
    const request: ApiRequest = {
      method: "POST",
      path,
      query: new URLSearchParams(),
      headers,
      body: bytesOf(step),
    };
    const reply = await this.#handle(this.#route, request, (problem) => {
      throw problem;
    });
    return answerIn(reply);
  }
}

/** @throws Problem that the leader answered */
function answerIn({ status, headers, body }: ApiReply): Answer {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const code = headers["counter-code"] ?? "";
  if (status >= 300) throw new Problem(isProblemCode(code) ? code : "internal", "the leader");
  return answerSchema.parse(JSON.parse(text));
}

/** @throws Problem, OperationRefusedError */
function outcomeOf(answer: Answer): RestoreOutcome {
  if (answer.status === "ok") {
    return { replayed: answer.replayed, epoch: BigInt(answer.epoch) };
  }
  const { code } = answer;
  throw problemOf(Object.assign(new Error(`the restore was refused: ${code}`), { code }));
}
