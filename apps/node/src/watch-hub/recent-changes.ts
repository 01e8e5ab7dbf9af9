/**
 * Which counters have changed since a token was given, as far as that is remembered. A token of
 * eventual mode stands for all counters together: who waits for news of one must not be woken by
 * every write to another.
 */

/** Most characters of tokens that are remembered. */
export const tokensMaxLength: number = 1024 * 1024;

/** Most counters of which the last change is remembered. */
export const changedMax: number = 65_536;

export class RecentChanges {
  /** How many announcements had come when this was the token; the oldest first. */
  readonly #tokens = new Map<string, number>();
  /** With which announcement a counter changed last; the one that did so longest ago first. */
  readonly #changed = new Map<string, number>();
  #announcements = 0;
  #tokensLength = 0;

  /** These have changed. */
  announced(names: Iterable<string>): void {
    this.#announcements += 1;
    for (const name of names) {
      this.#changed.delete(name);
      this.#changed.set(name, this.#announcements);
    }
    if (this.#changed.size > changedMax) this.forget();
  }

  /** Any may have changed. */
  forget(): void {
    this.#announcements += 1;
    this.#tokens.clear();
    this.#changed.clear();
    this.#tokensLength = 0;
  }

  /** This token stands for everything that was announced, and for nothing else. */
  given(token: string): void {
    if (this.#tokens.has(token)) return;
    this.#tokens.set(token, this.#announcements);
    this.#tokensLength += token.length;
    while (this.#tokensLength > tokensMaxLength) this.#forgetOldest();
  }

  /** Whether the counter may have changed since this was the token. */
  changedSince(token: string, name: string): boolean {
    const then = this.#tokens.get(token);
    return then === undefined || (this.#changed.get(name) ?? 0) > then;
  }

  #forgetOldest(): void {
    for (const [token] of this.#tokens) {
      this.#tokens.delete(token);
      this.#tokensLength -= token.length;
      break;
    }
    const [oldest = this.#announcements] = this.#tokens.values();
    // What changed before any token that is known has not changed since.
    for (const [name, when] of this.#changed) {
      if (when > oldest) break;
      this.#changed.delete(name);
    }
  }
}
