/**
 * A session of consistency: whoever reads in it sees its own writes, and never less than it has seen
 * before, at whichever nodes. It carries the tokens that the service gives (`Counter-Version`).
 *
 * Tokens are opaque. A read that was asked for at least what a session knows answers with a token
 * that stands for that as well, and takes its place; the token of a write is added to it.
 */
import { InvalidArgumentError } from "./errors.ts";
import { mergedToken } from "./tokens.ts";

/** Most tokens of a session that cannot be merged here; the service takes headers of 16 KiB. */
export const sessionTokensMax: number = 16;

const tokenPattern = /^[A-Za-z0-9_-]{1,30000}$/;

export class Session {
  #tokens: readonly string[] = [];

  /** @param text - of another session's {@link Session.toString}; empty for a new one */
  constructor(text: string = "") {
    this.merge(text);
  }

  /** What has been seen so far, to be sent as `atLeast`. */
  tokens(): readonly string[] {
    return this.#tokens;
  }

  /**
   * From now on also what another session has seen.
   *
   * @throws InvalidArgumentError for what is no session
   */
  merge(other: Session | string): void {
    const tokens = other instanceof Session ? other.#tokens : other.split(",");
    for (const token of tokens.map((each) => each.trim()).filter((each) => each !== "")) {
      if (!tokenPattern.test(token)) throw new InvalidArgumentError("that is no session");
      this.#add(token);
    }
  }

  /** For a cookie, a message, another process. */
  toString(): string {
    return this.#tokens.join(",");
  }

  /** Forgets everything, as after a restore: tokens from before are foreign then. */
  clear(): void {
    this.#tokens = [];
  }

  /** Is asked before a write, which must not happen without being remembered. */
  requireRoom(): void {
    if (this.#tokens.length < sessionTokensMax) return;
    throw new InvalidArgumentError("the session holds as many tokens as it can: read in it first");
  }

  /** @param asked - the tokens that the read was sent with */
  sawRead(token: string | null, asked: readonly string[]): void {
    if (token === null) return;
    this.#tokens = this.#tokens.filter((each) => !asked.includes(each));
    this.#add(token);
  }

  sawWrite(token: string | null): void {
    if (token !== null) this.#add(token);
  }

  #add(token: string): void {
    if (this.#tokens.includes(token)) return;
    for (const known of this.#tokens) {
      const merged = mergedToken(known, token);
      if (merged === null) continue;
      this.#tokens = [...this.#tokens.filter((each) => each !== known), merged];
      return;
    }
    this.#tokens = [...this.#tokens, token];
  }
}
