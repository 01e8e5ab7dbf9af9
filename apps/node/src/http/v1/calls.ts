/** What a mode makes of the calls of v1. The routes have read the request; a mode knows its counters. */
import type { OperationKey, SessionStep } from "@counter/state-machine";

import type { ApiRequest } from "../api.ts";
import type { Problem } from "../problems.ts";
import type { WriteCondition } from "./reading.ts";
import type {
  AddBody,
  AddedBody,
  ChangedBody,
  ConflictsBody,
  ContributionsBody,
  CounterBody,
  CreateBody,
  IssuedBody,
  PatchBody,
} from "./schemas.ts";

/** What is answered, and what the mode says of it besides: `etag`, `counter-version`, … */
export interface Answer<Body> {
  readonly body: Body;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Written<Body> extends Answer<Body> {
  /** The key was known: nothing was done now, and this is the answer of then. */
  readonly replayed: boolean;
}

/** A write on one counter. */
export interface WriteCall<Args> {
  readonly request: ApiRequest;
  readonly name: string;
  readonly args: Args;
  readonly key: OperationKey | null;
  /** Its place in a session; there is no key then. Always `null` in eventual mode, and in a batch. */
  readonly step: SessionStep | null;
  /** Always `null` where the call takes none. */
  readonly condition: WriteCondition | null;
}

export interface PageCall {
  readonly request: ApiRequest;
  readonly prefix: string;
  readonly limit: number;
  /** Only names behind this one; `null`: from the beginning. */
  readonly after: string | null;
}

export interface Page {
  readonly items: readonly CounterBody[];
  /** The last name of this page if there are more; `null` if there are not. */
  readonly last: string | null;
}

/** One operation of a batch, as a write of its own would be. */
export type BatchItem =
  | { readonly op: "create"; readonly call: WriteCall<CreateBody> }
  | { readonly op: "delete"; readonly call: WriteCall<null> }
  | { readonly op: "add"; readonly call: WriteCall<AddBody> }
  | { readonly op: "next"; readonly call: WriteCall<{ readonly count: bigint }> }
  | {
      readonly op: "cas";
      readonly call: WriteCall<{ readonly expected: bigint; readonly value: bigint }>;
    }
  | { readonly op: "set"; readonly call: WriteCall<{ readonly value: bigint }> }
  | { readonly op: "reset"; readonly call: WriteCall<{ readonly to: bigint | null }> };

export type BatchResult =
  { readonly body: object | null; readonly replayed: boolean } | { readonly refused: Problem };

/**
 * Every rejection is a Problem, or an error that `problemOf` knows. Of a refusal that was stored
 * under a key the Problem has the header `idempotent-replayed`.
 */
export interface V1Calls {
  readonly mode: "strong" | "eventual";
  /** What the query of a read may say, and that of a write, besides what the call itself takes. */
  readonly readQuery: readonly string[];
  readonly writeQuery: readonly string[];
  read(request: ApiRequest, name: string): Promise<Answer<CounterBody>>;
  list(page: PageCall): Promise<Answer<Page>>;
  create(call: WriteCall<CreateBody>): Promise<Written<CounterBody>>;
  patch(call: WriteCall<PatchBody>): Promise<Written<CounterBody>>;
  remove(call: WriteCall<null>): Promise<Written<null>>;
  add(call: WriteCall<AddBody>): Promise<Written<AddedBody>>;
  next(call: WriteCall<{ readonly count: bigint }>): Promise<Written<IssuedBody>>;
  cas(
    call: WriteCall<{ readonly expected: bigint; readonly value: bigint }>,
  ): Promise<Written<ChangedBody>>;
  set(call: WriteCall<{ readonly value: bigint }>): Promise<Written<ChangedBody>>;
  /** `to: null`: to the initial value. */
  reset(call: WriteCall<{ readonly to: bigint | null }>): Promise<Written<ChangedBody>>;
  /**
   * Carries out all operations in their order, with `atomic` all or none of them.
   *
   * @param step - the place of the batch in a session
   * @returns a result for each, with `atomic` none of which is refused
   * @throws Problem with `index` if `atomic` and one of them is refused
   */
  batch(
    items: readonly BatchItem[],
    atomic: boolean,
    step: SessionStep | null,
  ): Promise<Answer<readonly BatchResult[]>>;
  contributions(request: ApiRequest, name: string): Promise<Answer<ContributionsBody>>;
  conflicts(request: ApiRequest, name: string): Promise<Answer<ConflictsBody>>;
}
