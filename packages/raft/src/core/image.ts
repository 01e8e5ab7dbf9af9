/**
 * A core's whole state at one moment, as plain data: taken cheaply while the core runs, and enough
 * to go on from there with the same inputs and the same results.
 *
 * The copy knows the shapes of data and not the fields of the record, so that a field that somebody
 * adds is carried by itself. Entries and bytes are never changed by anyone and are shared: the image
 * of a long log costs one array of references.
 */
import type { PersistedState } from "../types.ts";
import { ConfigurationHistory } from "./configuration.ts";
import type { ConfigurationsImage } from "./configuration.ts";
import { invariant } from "./invariant.ts";
import { RaftLog } from "./log.ts";
import type { LogImage } from "./log.ts";
import { InflightWindow, newProgress } from "./progress.ts";
import type { WindowImage } from "./progress.ts";
import type { RaftState } from "./state.ts";
import { newLeaderRole } from "./transitions.ts";

/**
 * The fields of the record without the options, opaque; objects, arrays, maps, bytes, numbers,
 * strings, booleans and `null`. Nobody changes one that was taken.
 */
export type RaftImage = Readonly<Record<string, unknown>>;

/** A part of the record that has methods, as data. */
type PartImage = LogImage | ConfigurationsImage | WindowImage;

/** What a core begins with before an image replaces it. */
export const nothingPersisted: PersistedState = {
  hardState: { term: 0, vote: null, commitIndex: 0 },
  snapshot: null,
  entries: [],
};

export function imageOf(s: RaftState): RaftImage {
  return fieldsOf({ ...s, options: null }, { done: new Map(), part: partImage });
}

/**
 * Replaces a fresh record by what the image holds. What an image of an earlier release lacks keeps
 * the value that it begins with.
 */
export function restoreImage(s: RaftState, image: RaftImage): void {
  const { options } = s;
  const fields = fieldsOf(image, { done: new Map(), part: partFrom });
  Object.assign(s, fields, { options, id: options.id });
  if (s.role.kind !== "leader") return;
  addMissing(s.role, newLeaderRole(s));
  for (const peer of s.role.peers) addMissing(peer, newProgress(peer.id, peer.nextIndex));
}

function addMissing(target: object, defaults: object): void {
  Object.assign(target, { ...defaults, ...target });
}

function partImage(value: object): PartImage | null {
  const hasImage =
    value instanceof RaftLog ||
    value instanceof ConfigurationHistory ||
    value instanceof InflightWindow;
  return hasImage ? value.image() : null;
}

function partFrom(value: object): RaftLog | ConfigurationHistory | InflightWindow | null {
  if (!isPartImage(value)) return null;
  switch (value.is) {
    case "log":
      return new RaftLog(value.base, value.entries);
    case "configurations":
      return new ConfigurationHistory(...value.placed);
    case "window":
      return windowFrom(value);
  }
}

function windowFrom({ lastIndexes, sizes }: WindowImage): InflightWindow {
  const window = new InflightWindow();
  lastIndexes.forEach((lastIndex, at) => window.add(lastIndex, sizes[at]!));
  return window;
}

function isPartImage(value: object): value is PartImage {
  return "is" in value;
}

interface Copying {
  /** Copied already: what is one object in two places stays one object. */
  readonly done: Map<object, unknown>;
  /** Turns parts that have methods into data, or back; `null` for everything else. */
  readonly part: (value: object) => unknown;
}

function fieldsOf(value: object, copying: Copying): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  copying.done.set(value, copy);
  for (const [field, inner] of Object.entries(value)) copy[field] = copyOf(inner, copying);
  return copy;
}

function copyOf(value: unknown, copying: Copying): unknown {
  if (typeof value !== "object" || value === null) {
    invariant(typeof value !== "function", "a core's record holds data only");
    return value;
  }
  if (value instanceof Uint8Array || isEntry(value)) return value;
  return copying.done.get(value) ?? copyOfObject(value, copying);
}

/** The one shape of which there may be thousands. */
function isEntry(value: object): boolean {
  return "data" in value && "kind" in value;
}

function copyOfObject(value: object, copying: Copying): unknown {
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    const items: readonly unknown[] = value;
    copying.done.set(value, copy);
    for (const item of items) copy.push(copyOf(item, copying));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    copying.done.set(value, copy);
    for (const [key, item] of value) copy.set(key, copyOf(item, copying));
    return copy;
  }
  const part = copying.part(value);
  if (part !== null) return part;
  invariant(Object.getPrototypeOf(value) === Object.prototype, "a core's record holds data only");
  return fieldsOf(value, copying);
}
