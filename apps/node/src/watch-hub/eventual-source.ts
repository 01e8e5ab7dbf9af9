/** Where watchers look in eventual mode: what this node knows by now. */
import { TokenForeignError, type Changes, type CounterFeed } from "@counter/eventual";

import { RecentChanges } from "./recent-changes.ts";
import type { Look, Place, WatchSource } from "./source.ts";
import type { Watching } from "./watching.ts";

type Feed = Pick<CounterFeed, "knows" | "look" | "namesAfter" | "settle" | "token">;

/** Shows watchers what this node knows, and every change of it. */
export function watchFeed(watching: Watching, feed: CounterFeed): void {
  const source = new EventualSource(feed);
  watching.begin(source);
  feed.follow(({ names, all }) => {
    source.onChanges({ names, all });
    if (all) watching.replaced();
    for (const name of names) watching.changed(name);
  });
}

export class EventualSource implements WatchSource {
  readonly #feed: Feed;
  readonly #recent = new RecentChanges();
  /** Nobody has come with a token yet: there is nothing to remember. */
  #remembers = false;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  onChanges({ names, all }: Changes): void {
    if (!this.#remembers) return;
    if (all) this.#recent.forget();
    else this.#recent.announced(names);
    this.#recent.given(this.#feed.token());
  }

  settle(): void {
    this.#feed.settle();
  }

  look(name: string): Look | null {
    const { exists, value } = this.#feed.look(name);
    return exists ? { value: value.toString(), version: null } : null;
  }

  namesAfter(from: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): readonly string[] {
    return this.#feed.namesAfter(from);
  }

  token(): string {
    const token = this.#feed.token();
    if (this.#remembers) this.#recent.given(token);
    return token;
  }

  placeOf(token: string): Place {
    const feed = this.#feed;
    this.#remembers = true;
    if (feed.knows(token) === null) throw new TokenForeignError();
    const current = (): boolean => feed.token() === token;
    return {
      // Of a cluster that has become another one meanwhile no token is ever reached.
      reached: () => feed.knows(token) !== false,
      gone: () => feed.knows(token) === null,
      current,
      changed: (name) => !current() && this.#recent.changedSince(token, name),
    };
  }
}
