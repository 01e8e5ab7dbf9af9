/**
 * Counters for whoever shows them as they change. What was announced, what is looked up and what the
 * token stands for agree at any time after {@link CounterFeed.settle}: who shows a counter with that
 * token has shown everything that it stands for.
 */
import type { EventualCore } from "../core/eventual-core.ts";
import type { Changes } from "../core/door.ts";
import type { CounterView } from "../data/looking.ts";
import type { CounterName } from "../types.ts";
import { decodeToken } from "../wire/token.ts";
import type { Token } from "../types.ts";
import type { ChangeHub } from "./change-stream.ts";
import type { Reads } from "./reads.ts";

export interface CounterFeedParts {
  readonly core: Pick<EventualCore, "look" | "names">;
  readonly reads: Pick<Reads, "token">;
  readonly changes: ChangeHub;
  /** Carries out now what would be carried out at the end of this turn. */
  readonly settle: () => void;
}

export class CounterFeed {
  readonly #parts: CounterFeedParts;

  constructor(parts: CounterFeedParts) {
    this.#parts = parts;
  }

  /**
   * Tells `listener` of changes as they are announced, as `changes` of the node does later.
   *
   * @returns ends that
   */
  follow(listener: (changes: Changes) => void): () => void {
    return this.#parts.changes.listen(listener);
  }

  /** Announces what has taken effect, and was to be announced at the end of this turn. */
  settle(): void {
    this.#parts.settle();
  }

  look(counter: CounterName): CounterView {
    return this.#parts.core.look(counter);
  }

  /** What this node knows now. */
  token(): Token {
    return this.#parts.reads.token();
  }

  /**
   * Whether this node knows everything that the token stands for.
   *
   * @returns `null`: it is the token of another cluster, which this one may have been before
   * @throws {TokenMalformedError} it is none
   */
  knows(token: Token): boolean | null {
    const own = decodeToken(this.token());
    const wanted = decodeToken(token);
    if (wanted.cluster !== own.cluster) return null;
    return [...wanted.positions].every(([tag, at]) => (own.positions.get(tag) ?? 0) >= at);
  }

  /** Names of counters that exist, in order: those after `after` that begin with `prefix`. */
  namesAfter(query: {
    readonly prefix: string;
    readonly after: CounterName | null;
    /** At least 1. */
    readonly limit: number;
  }): readonly CounterName[] {
    const { prefix, after, limit } = query;
    const { core } = this.#parts;
    const found: CounterName[] = [];
    let begin = { from: prefix, isAfter: false };
    if (after !== null && after >= prefix) begin = { from: after, isAfter: true };
    for (;;) {
      const names = core.names(begin, limit);
      for (const name of names) {
        if (!name.startsWith(prefix)) return found;
        if (core.look(name).exists && found.push(name) === limit) return found;
      }
      if (names.length < limit) return found;
      begin = { from: names.at(-1)!, isAfter: true };
    }
  }
}
