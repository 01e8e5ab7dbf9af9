/** A record takes effect. */
import type {
  ChainHash,
  Control,
  CounterName,
  FloorEntry,
  Position,
  RecordBody,
  WriterId,
} from "../types.ts";
import { invariant, MalformedError } from "./errors.ts";
import { say } from "./deeds.ts";
import { addDot, noteConflict } from "./keys.ts";
import { addWriter, joinMember, joinNamed, joinPromise, joinSeal } from "./membership.ts";
import type { CounterState, RecordId, Stamp } from "./counter-state.ts";
import type { Conflict, Replica, WriterState } from "./replica.ts";
import { counterOf, headOf } from "./replica.ts";
import { addPlain, joinFloor } from "./values.ts";

/** What somebody may want to hear of a record that was applied. */
export interface Applied {
  /** Keys that it uses with another delta than was known. */
  readonly conflicts: readonly Conflict[];
  /** Members or named addresses are others than before. */
  readonly membersChanged: boolean;
}

/**
 * The rule that only a place can break: the first record of a writer says whose it is, and no
 * other does. To be asked of a received record before it is stored.
 *
 * @throws MalformedError
 */
export function checkRecord(position: Position, body: RecordBody): void {
  const births = body.controls.filter(({ kind }) => kind === "born").length;
  if (births !== (position === 1 ? 1 : 0)) {
    throw new MalformedError("the first record of a writer, and only that, says whose it is");
  }
}

/**
 * Applies the next record of a writer. What pieces of a snapshot brought of it already is not
 * applied again.
 *
 * @param at - where it stands, and the chain hash with it
 * @throws InvariantError - it is not the next one
 * @throws MalformedError - {@link checkRecord}; nothing was changed
 */
export function applyRecord(
  r: Replica,
  at: { readonly writer: WriterId; readonly position: Position; readonly hash: ChainHash },
  body: RecordBody,
): Applied {
  invariant(
    at.position === headOf(r, at.writer).position + 1,
    "the records of a writer are applied one after the other",
  );
  checkRecord(at.position, body);
  const state = writerOf(r, at.writer, body);
  const by: RecordId = { writer: at.writer, position: at.position };
  const conflicts: Conflict[] = [];
  let membersChanged = false;
  for (const [index, control] of body.controls.entries()) {
    if (control.kind === "deed") applyDeed(r, { ...by, hlc: body.hlc, index }, control, conflicts);
    else if (applyControl(r, state, { ...by, hlc: body.hlc }, control)) membersChanged = true;
  }
  for (const sum of body.plain) addPlain(counterOf(r, sum.counter), at, sum);
  applyKeyed(r, at, body, conflicts);
  state.position = at.position;
  state.hash = at.hash;
  state.hlc = Math.max(state.hlc, body.hlc);
  r.hlc = Math.max(r.hlc, body.hlc);
  return { conflicts, membersChanged };
}

function writerOf(r: Replica, writer: WriterId, body: RecordBody): WriterState {
  const known = r.writers.get(writer);
  if (known !== undefined) return known;
  const born = body.controls.find((control) => control.kind === "born");
  invariant(born !== undefined, "a writer that is not known begins");
  return addWriter(r, writer, born);
}

type DeedControl = Extract<Control, { kind: "deed" }>;

function applyControl(
  r: Replica,
  state: WriterState,
  at: Stamp,
  control: Exclude<Control, DeedControl>,
): boolean {
  const by: RecordId = { writer: at.writer, position: at.position };
  switch (control.kind) {
    case "born":
      return false;
    case "promise":
      joinPromise(r, state, { ...control, position: at.position });
      return false;
    case "seal":
      joinSeal(r, control.writer, { position: control.position, by });
      return false;
    case "reset":
      joinFloor(r, counterOf(r, control.counter), { floor: control.floor });
      return false;
    case "configure":
      say(counterOf(r, control.counter), { stamp: at, config: control.config });
      return false;
    case "delete":
      applyDeletion(r, counterOf(r, control.counter), control.floor, at);
      return false;
    case "member":
      return joinMember(r, control.member, by);
    case "named":
      return joinNamed(r, control.named);
  }
}

function applyDeletion(
  r: Replica,
  counter: CounterState,
  floor: readonly FloorEntry[],
  stamp: Stamp,
): void {
  joinFloor(r, counter, { floor, gone: floor });
  say(counter, { stamp, config: null });
}

function applyDeed(
  r: Replica,
  place: Stamp & { readonly index: number },
  { counter, key, at, until, value, deed }: DeedControl,
  conflicts: Conflict[],
): void {
  const dot = { ...place, at, until, delta: 0n, value, isSet: false, deed };
  if (addDot(r, counterOf(r, counter), key, dot)) conflicts.push(conflictOf(r, counter, key));
}

function applyKeyed(r: Replica, at: RecordId, body: RecordBody, conflicts: Conflict[]): void {
  const sets = setIn(body);
  for (const [index, operation] of body.keyed.entries()) {
    const { counter, key, delta, value } = operation;
    const contradicts = addDot(r, counterOf(r, counter), key, {
      writer: at.writer,
      position: at.position,
      index,
      hlc: body.hlc,
      at: operation.at,
      until: operation.until,
      delta,
      value,
      isSet: sets.has(counter),
      deed: null,
    });
    if (contradicts) conflicts.push(conflictOf(r, counter, key));
  }
}

const none: ReadonlySet<CounterName> = new Set();

/** Counters of which a keyed addition in this record is a `set`: what it resets. */
function setIn({ controls, keyed }: RecordBody): ReadonlySet<CounterName> {
  if (keyed.length === 0 || controls.length === 0) return none;
  const sets = new Set<CounterName>();
  for (const item of controls) if (item.kind === "reset") sets.add(item.counter);
  return sets;
}

function conflictOf(r: Replica, counter: CounterName, key: string): Conflict {
  noteConflict(r, counter, key);
  return { counter, key };
}
