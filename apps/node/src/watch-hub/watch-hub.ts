/**
 * Who watches what, and what each of them has not been told yet. No clock, no IO: whoever writes to
 * watchers asks `next` who is owed something, and `take` what.
 *
 * - W1 What is owed is a name, never a value: the state is looked up when it is told. A watcher that
 *   reads slowly misses states in between, and never sees an old one after a newer one.
 * - W2 What a watcher is owed is bounded. Past the limit it starts over: everything again, marked as
 *   a reset, so that it can also find out what is gone.
 * - W3 A watcher that brings a token is told nothing before this node has reached it.
 * - W4 A token goes only with the last of what is owed. Whoever resumes with it missed nothing.
 */
import type { Look, Place, WatchSource } from "./source.ts";

/** Most names that are owed to one watcher; past it, it starts over (W2). */
export const owedMax: number = 4096;

/** Most names that wait to be handed to their watchers; then they are, at once. */
export const touchedMax: number = 4096;

/** One counter, whether it exists or not, or all whose names begin with a prefix. */
export type Target =
  | { readonly kind: "counter"; readonly name: string }
  | { readonly kind: "prefix"; readonly prefix: string };

export type WatchEvent =
  | ({
      readonly type: "value";
      readonly name: string;
      /** Told because the watcher starts over, not because it has changed. */
      readonly reset: boolean;
    } & Look)
  | { readonly type: "deleted"; readonly name: string; readonly reset: boolean }
  /** Of a prefix: everything was told. After a reset, what was not told is gone. */
  | { readonly type: "synced"; readonly reset: boolean };

export interface Taken {
  readonly events: readonly WatchEvent[];
  /** Goes with the last event: nothing else is owed (W4). `null` otherwise. */
  readonly token: string | null;
}

/** Going through all that a watcher watches. */
interface Walk {
  after: string | null;
  readonly reset: boolean;
  /** Only what changed since then. */
  readonly since: Place | null;
}

/** A watcher, as {@link WatchHub.watch} gives it: to be handed back, not to be looked into. */
export class Watcher {
  readonly target: Target;
  /** What it has seen, until this node has reached that (W3). */
  place: Place | null;
  walk: Walk | null;
  readonly owed = new Set<string>();

  constructor(target: Target, place: Place | null) {
    this.target = target;
    this.place = place;
    this.walk = place === null ? { after: null, reset: false, since: null } : null;
  }
}

export class WatchHub {
  readonly #source: WatchSource;
  readonly #all = new Set<Watcher>();
  readonly #byName = new Map<string, Set<Watcher>>();
  readonly #byPrefix = new Map<string, Set<Watcher>>();
  /** Changed since the last time that names were handed to watchers. */
  readonly #touched = new Set<string>();
  /** Those whose place this node has not reached. */
  readonly #early = new Set<Watcher>();
  /** Those to whom there may be something to tell, the one that waits longest first. */
  readonly #ready = new Set<Watcher>();

  constructor(source: WatchSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#all.size;
  }

  /** @param place - what the watcher has seen; `null`: it is told the state as it is */
  watch(target: Target, place: Place | null): Watcher {
    const watcher = new Watcher(target, place);
    this.#all.add(watcher);
    const [table, key] = this.#tableOf(target);
    const others = table.get(key);
    if (others === undefined) table.set(key, new Set([watcher]));
    else others.add(watcher);
    if (place !== null) this.#early.add(watcher);
    this.#ready.add(watcher);
    return watcher;
  }

  /** Tells this watcher nothing any more. */
  unwatch(watcher: Watcher): void {
    if (!this.#all.delete(watcher)) return;
    this.#early.delete(watcher);
    this.#ready.delete(watcher);
    const [table, key] = this.#tableOf(watcher.target);
    const others = table.get(key);
    others?.delete(watcher);
    if (others?.size === 0) table.delete(key);
  }

  /**
   * A counter has another state, or is gone, or is there again.
   *
   * @returns whether there may be something to tell
   */
  changed(name: string): boolean {
    if (this.#watched(name)) {
      this.#touched.add(name);
      if (this.#touched.size >= touchedMax) this.#handOut();
      return true;
    }
    return this.#early.size > 0;
  }

  /** Everything may be different: all watchers start over. */
  replaced(): void {
    this.#touched.clear();
    for (const watcher of this.#all) {
      if (watcher.place === null) startOver(watcher);
      this.#ready.add(watcher);
    }
  }

  /** Whoever waits longest of those to whom there may be something to tell, once. */
  next(): Watcher | null {
    this.#handOut();
    for (const watcher of this.#ready) {
      this.#ready.delete(watcher);
      return watcher;
    }
    return null;
  }

  /** This watcher can be told things again, or more of them. */
  wake(watcher: Watcher): void {
    if (this.#all.has(watcher)) this.#ready.add(watcher);
  }

  /** What to tell now, at most `max` events; there may be more, unless there is a token. */
  take(watcher: Watcher, max: number): Taken {
    this.#handOut();
    if (!this.#hasBegun(watcher)) return { events: [], token: null };
    const events: WatchEvent[] = [];
    while (watcher.walk !== null && events.length < max) {
      this.#walkOn(watcher, watcher.walk, { events, max });
    }
    for (const name of watcher.owed) {
      if (events.length >= max) break;
      watcher.owed.delete(name);
      events.push(this.#eventOf(name, false));
    }
    const all = watcher.walk === null && watcher.owed.size === 0;
    return { events, token: all && events.length > 0 ? this.#source.token() : null };
  }

  #hasBegun(watcher: Watcher): boolean {
    const { place } = watcher;
    if (place === null) return true;
    if (!place.reached()) return false;
    watcher.place = null;
    this.#early.delete(watcher);
    watcher.owed.clear(); // the walk tells them
    const gone = place.gone();
    const { kind } = watcher.target;
    if (kind === "counter") {
      watcher.walk = { after: null, reset: gone, since: gone ? null : place };
    } else if (gone || !place.current()) {
      // What was deleted meanwhile is not known: only a full account shows it.
      startOver(watcher);
    } else {
      watcher.walk = { after: null, reset: false, since: place };
    }
    return true;
  }

  #walkOn(
    watcher: Watcher,
    walk: Walk,
    { events, max }: { readonly events: WatchEvent[]; readonly max: number },
  ): void {
    const limit = max - events.length;
    const names = walk.since?.current() === true ? [] : this.#names(watcher.target, walk, limit);
    for (const name of names) {
      walk.after = name;
      watcher.owed.delete(name);
      if (walk.since === null || walk.since.changed(name)) {
        events.push(this.#eventOf(name, walk.reset));
      }
    }
    if (names.length >= limit) return; // there may be more
    watcher.walk = null;
    if (watcher.target.kind === "prefix") events.push({ type: "synced", reset: walk.reset });
  }

  #names(target: Target, { after }: Walk, limit: number): readonly string[] {
    if (target.kind === "prefix") {
      return this.#source.namesAfter({ prefix: target.prefix, after, limit });
    }
    return after === null ? [target.name] : [];
  }

  #eventOf(name: string, reset: boolean): WatchEvent {
    const look = this.#source.look(name);
    return look === null
      ? { type: "deleted", name, reset }
      : { type: "value", name, reset, ...look };
  }

  #watched(name: string): boolean {
    if (this.#byName.has(name)) return true;
    for (const prefix of this.#byPrefix.keys()) if (name.startsWith(prefix)) return true;
    return false;
  }

  /** Hands the names that have changed to whoever watches them. */
  #handOut(): void {
    for (const name of this.#touched) {
      for (const watcher of this.#byName.get(name) ?? []) this.#owe(watcher, name);
      for (const [prefix, watchers] of this.#byPrefix) {
        if (!name.startsWith(prefix)) continue;
        for (const watcher of watchers) this.#owe(watcher, name);
      }
    }
    this.#touched.clear();
    for (const watcher of this.#early)
      if (watcher.place?.reached() === true) this.#ready.add(watcher);
  }

  #owe(watcher: Watcher, name: string): void {
    if (watcher.place !== null) return; // its walk is still to come
    watcher.owed.add(name);
    if (watcher.owed.size > owedMax) startOver(watcher);
    this.#ready.add(watcher);
  }

  #tableOf(target: Target): readonly [Map<string, Set<Watcher>>, string] {
    return target.kind === "counter"
      ? [this.#byName, target.name]
      : [this.#byPrefix, target.prefix];
  }
}

function startOver(watcher: Watcher): void {
  watcher.owed.clear();
  watcher.walk = { after: null, reset: true, since: null };
}
