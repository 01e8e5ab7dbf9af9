/** From a request to a write, and from what became of it to the reply. */
import { createHash } from "node:crypto";

import { fingerprintBytes, isOperationKey, type OperationKey } from "@counter/state-machine";

import type { ApiReply, ApiRequest } from "../api.ts";
import { jsonType } from "../docs/parts.ts";
import { requireKey } from "../demo-routes.ts";
import { scopedKey } from "../../security/key-scope.ts";
import { keyText, noSession } from "../negotiation.ts";
import { problemOf } from "../problems.ts";
import type { WriteCall, Written } from "./calls.ts";
import type { SessionCalls } from "./sessions.ts";
import { conditionOf, invalidHeader, noCondition, typeFor, wantsMinimal } from "./reading.ts";

export interface WritingOptions {
  readonly idempotencyWindowMs: number;
  /** Whether a write without a key is refused. */
  readonly keyRequired: boolean;
  /** The mode itself refuses conditions, of all writes alike. */
  readonly anyCondition?: boolean;
  /** Whether a key makes this operation count once. */
  readonly takesKey: (operation: string) => boolean;
  readonly sessions: SessionCalls;
}

/** What a write asks for, besides what its body says. */
export interface WriteSpec<Args> {
  readonly request: ApiRequest;
  /** What is done, as it stands in the fingerprint of the key. */
  readonly operation: string;
  readonly name: string;
  readonly args: Args;
  /** Whether the call takes `If-Match` and `If-None-Match: *`. */
  readonly conditional: boolean;
  /** 201 if it makes something. */
  readonly status?: number;
  /** Further headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>;
}

export class Writing {
  readonly #options: WritingOptions;
  readonly #windowSeconds: string;

  constructor(options: WritingOptions) {
    this.#options = options;
    this.#windowSeconds = String(Math.floor(options.idempotencyWindowMs / 1000));
  }

  /** Carries a write out, and answers. */
  async answer<Args, Body>(
    spec: WriteSpec<Args>,
    write: (call: WriteCall<Args>) => Promise<Written<Body>>,
  ): Promise<ApiReply> {
    const { request, name, args, conditional } = spec;
    typeFor(request, [jsonType]);
    const isLookedAt = conditional || this.#options.anyCondition === true;
    const condition = isLookedAt ? conditionOf(request) : noCondition(request);
    const { operation } = spec;
    const meaning = (): unknown => [operation, name, args, condition];
    const step = this.#options.sessions.stepOf(request, () => fingerprintOf(meaning()));
    const key = step === null ? this.keyOf(request, operation, meaning) : null;
    const call = { request, name, args, key, step, condition };
    if (key === null && step === null) return this.#reply(spec, await write(call), {});
    const window = key === null ? {} : { "counter-idempotency-window": this.#windowSeconds };
    try {
      const written = await write(call);
      const replayed = written.replayed ? { "idempotent-replayed": "true" } : {};
      return this.#reply(spec, written, { ...window, ...replayed });
    } catch (error) {
      // Refusals are remembered under a key as well; problemOf keeps what was thrown as the cause.
      const problem = problemOf(error);
      if (problem.code === "internal" || problem.code === "no-leader") throw error;
      throw problem.with(window);
    }
  }

  /**
   * The key of a write, with the fingerprint of what it stands for.
   *
   * @param meaning - all that makes two requests the same one
   * @throws Problem `precondition-required`, `validation-failed`
   */
  keyOf(request: ApiRequest, operation: string, meaning: () => unknown): OperationKey | null {
    noSession(request);
    const key = keyText(request);
    const takesKey = this.#options.takesKey(operation);
    if (key === null) {
      if (this.#options.keyRequired && takesKey) requireKey(key);
      return null;
    }
    if (!takesKey) {
      throw invalidHeader("Idempotency-Key", `not with ${operation} in this mode: drop it`);
    }
    if (isOperationKey(key)) {
      const own = scopedKey(request.caller?.name ?? null, key);
      return { key: own, fingerprint: fingerprintOf(meaning()) };
    }
    throw invalidHeader("Idempotency-Key", "1 to 255 visible ASCII characters");
  }

  #reply(
    { request, status = 200, headers: own = {} }: WriteSpec<unknown>,
    { body, headers: said }: Written<unknown>,
    key: Readonly<Record<string, string>>,
  ): ApiReply {
    const headers = { ...own, ...said, ...key };
    if (body === null) return { status: 204, headers, body: "" };
    if (!wantsMinimal(request)) {
      const type = { "content-type": jsonType };
      return { status, headers: { ...headers, ...type }, body: `${JSON.stringify(body)}\n` };
    }
    const applied = [said["preference-applied"], "return=minimal"].filter(Boolean).join(", ");
    const minimal = { ...headers, "preference-applied": applied };
    return { status: status === 201 ? 201 : 204, headers: minimal, body: "" };
  }
}

export function fingerprintOf(meaning: unknown): Uint8Array {
  const hash = createHash("sha256").update(canonical(meaning)).digest();
  return Uint8Array.from(hash.subarray(0, fingerprintBytes));
}

/** One text for one value, in whatever order its members came. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part === "bigint") return part.toString();
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
