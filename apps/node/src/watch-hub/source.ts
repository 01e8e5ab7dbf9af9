/** Where watchers look: a node's own applied state, in either mode. */

/** A counter as watchers see it. */
export interface Look {
  /** Decimal digits. */
  readonly value: string;
  /** `null` in eventual mode, where no write has a place of its own. */
  readonly version: string | null;
}

/**
 * What a watcher has seen before: everything that a token stands for. Asked again and again, since
 * this node may be behind the one that gave the token.
 */
export interface Place {
  /** Whether this node has applied all of it: nothing is told before, for it would be old. */
  reached(): boolean;
  /** Whether its history is gone, by a restore: what the watcher has seen then means nothing. */
  gone(): boolean;
  /** Whether nothing at all has changed since. */
  current(): boolean;
  /** Whether this counter may have changed since; never wrongly `false`. */
  changed(name: string): boolean;
}

export interface WatchSource {
  /** Announces what has been applied and was not announced yet, if that can be. */
  settle(): void;
  /** The counter as it is now; `null` if there is none. */
  look(name: string): Look | null;
  /**
   * Names in order, all beginning with `prefix`.
   *
   * @param from.after - only what comes behind this name; `null`: from the first one
   */
  namesAfter(from: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): readonly string[];
  /** What is applied here now, as a token. */
  token(): string;
  /** @throws Problem `validation-failed` or `token-foreign` if it is no token of this cluster */
  placeOf(token: string): Place;
}
