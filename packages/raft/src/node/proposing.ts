/** From a caller's command to an entry, and from what was applied back to the caller. */
import type { Input } from "../core/door.ts";
import { OutcomeUnknownError, OverloadedError } from "../errors.ts";
import type { EnvelopeContent, SessionChange } from "../exactly-once/envelope-port.ts";
import { invariant } from "../core/invariant.ts";
import type { EntryId } from "../types.ts";
import { errorOfRefused, isRefused, isSessionChanged } from "./answers.ts";
import type { Answer } from "./answers.ts";
import type { ProposeOptions, Proposed, WaitOptions } from "./options.ts";
import type { StateMachine } from "./ports.ts";
import { pendingProposalsMax } from "./proposals.ts";
import type { Proposals } from "./proposals.ts";
import { asError, waiterOf } from "./waiting.ts";

/** Takes the value for the caller out of what was applied, or throws what it means. */
type FromApplied<Result, Value> = (proposed: Proposed<Answer<Result>>) => Value;

export class Proposing<Result> {
  readonly #proposals: Proposals<Answer<Result>>;
  readonly #machine: Pick<StateMachine<Result>, "envelope">;
  readonly #step: (input: Input) => void;

  constructor(
    proposals: Proposals<Answer<Result>>,
    machine: Pick<StateMachine<Result>, "envelope">,
    step: (input: Input) => void,
  ) {
    this.#proposals = proposals;
    this.#machine = machine;
    this.#step = step;
  }

  propose(command: Uint8Array, options: ProposeOptions): Promise<Proposed<Result>> {
    return this.#append(() => contentOf(command, options), options, resultOf);
  }

  changeSession(change: SessionChange, options: WaitOptions): Promise<EntryId> {
    return this.#append(
      () => change,
      options,
      ({ index, term, result }) => {
        if (isRefused(result)) throw errorOfRefused(result);
        return { index, term };
      },
    );
  }

  #append<Value>(
    content: () => EnvelopeContent,
    options: WaitOptions,
    pick: FromApplied<Result, Value>,
  ): Promise<Value> {
    const proposals = this.#proposals;
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted === true) return reject(asError(options.signal.reason));
      if (proposals.size >= pendingProposalsMax) return reject(new OverloadedError());
      const bytes = this.#wrap(content());
      const settle = (proposed: Proposed<Answer<Result>>): void => {
        try {
          resolve(pick(proposed));
        } catch (error) {
          reject(asError(error));
        }
      };
      const waiter = waiterOf({ resolve: settle, reject }, options, (abandoned, cause) => {
        proposals.abandon(abandoned, new OutcomeUnknownError("the wait was aborted", { cause }));
      });
      this.#step({ type: "propose", context: proposals.add(waiter), commands: [bytes] });
    });
  }

  #wrap(content: EnvelopeContent): Uint8Array {
    const { envelope } = this.#machine;
    if (envelope !== undefined) return envelope.wrap(content, performance.now());
    if (content.type === "plain") return content.command;
    throw new TypeError("this state machine knows no keys or sessions: wrap it with exactlyOnce");
  }
}

function contentOf(command: Uint8Array, options: ProposeOptions): EnvelopeContent {
  const { key, keySinceMs = null, session } = options;
  if (session === undefined) {
    return key === undefined
      ? { type: "plain", command }
      : { type: "keyed", command, key, sinceMs: keySinceMs };
  }
  if (key === undefined) return { type: "session", command, ...session };
  throw new TypeError("a command has a key or a place in a session, not both");
}

function resultOf<Result>(proposed: Proposed<Answer<Result>>): Proposed<Result> {
  const { result, index, term } = proposed;
  if (isRefused(result)) throw errorOfRefused(result);
  invariant(!isSessionChanged(result), "a command is answered with a result or a refusal");
  return { result, index, term };
}
