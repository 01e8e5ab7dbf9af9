/** A node of a random life, and how snapshots travel between two of them. */
import { digestOf } from "../data/digest.ts";
import { mergePiece, piecesOf } from "../data/pieces.ts";
import type { Replica } from "../data/replica.ts";
import { emptyReplica, vectorHash, vectorOf } from "../data/replica.ts";
import type { Control, Position, WriterId } from "../types.ts";
import type { Draw } from "./random.ts";
import { digits, pick } from "./random.ts";
import type { Library } from "./writing.ts";
import { born, member } from "./writing.ts";

/** How long a key without a time in it counts once. */
export const windowMs: number = 60;

/** Promises stay so much longer behind the clock. */
export const marginMs: number = 20;

/** The time at the first step. */
export const begin: number = 1_700_000_000_000;

export interface Node {
  readonly digit: string;
  readonly skewMs: number;
  boot: number;
  writer: WriterId;
  replica: Replica;
  /** What it promised last. */
  before: number;
  /** Pieces of snapshots brought what comes up to here. */
  ahead: Map<WriterId, Position>;
  /** Of the largest X. */
  closedBefore: number;
  closed: number;
  alive: boolean;
}

/** A first process; its clock is wrong by up to `skewMs`. */
export function newNode(
  draw: Draw,
  { digit, before, skewMs }: Pick<Node, "digit" | "before" | "skewMs">,
): Node {
  return {
    digit,
    skewMs: skewMs === 0 ? 0 : draw(2 * skewMs + 1) - skewMs,
    boot: 1,
    writer: digits(draw, 24),
    replica: emptyReplica(),
    before,
    ahead: new Map(),
    closedBefore: 0,
    closed: 0,
    alive: true,
  };
}

/** "I accept no key older than the window", by the clock of the node. */
export function promiseOf(node: Node, now: number): Control {
  node.before = Math.max(node.before, now - windowMs - marginMs);
  const known = vectorOf(node.replica);
  known.delete(node.writer);
  return { kind: "promise", before: node.before, known };
}

/** A key that will be used once more, somewhere. */
export interface Retry {
  readonly step: number;
  readonly counter: string;
  readonly key: string;
  readonly delta: bigint;
}

/** A piece may hold whatever its node knew, and what that had from pieces, when it was made. */
export function take(from: Node, to: Node, piece: Uint8Array): void {
  for (const vector of [vectorOf(from.replica), from.ahead]) raise(to.ahead, vector);
  mergePiece(to.replica, piece);
  to.closedBefore = Math.max(to.closedBefore, from.closedBefore);
}

interface Transfer {
  readonly from: Node;
  readonly to: Node;
  readonly pieces: Generator<Uint8Array>;
}

const transfersMax = 4;

/** Snapshots that are taken and merged a few pieces at a time, while both sides go on. */
export class Transfers {
  completed: number = 0;
  readonly #draw: Draw;
  #transfers: Transfer[] = [];

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  begin(from: Node, to: Node): void {
    if (this.#transfers.length === transfersMax) return;
    this.#transfers.push({ from, to, pieces: piecesOf(from.replica, 1 + this.#draw(600)) });
  }

  /** Some pieces of one of them; now and then it is given up in the middle. */
  advance(): Node[] {
    if (this.#transfers.length === 0) return [];
    const transfer = pick(this.#draw, this.#transfers);
    const { from, to, pieces } = transfer;
    for (let left = this.#draw(20); left > 0; left -= 1) {
      const next = pieces.next();
      if (next.done === true) {
        this.#end(transfer);
        this.completed += 1;
        return [to];
      }
      take(from, to, next.value);
    }
    if (this.#draw(20) === 0) this.#end(transfer);
    return [to];
  }

  /** A node has begun anew: its transfers end, or all of them. */
  forget(node: Node | null): void {
    this.#transfers = this.#transfers.filter(
      ({ from, to }) => node !== null && from !== node && to !== node,
    );
  }

  #end(transfer: Transfer): void {
    this.#transfers = this.#transfers.filter((other) => other !== transfer);
  }
}

/** Joins the second into the first. */
function raise(vector: Map<WriterId, Position>, to: ReadonlyMap<WriterId, Position>): void {
  for (const [writer, position] of to) {
    vector.set(writer, Math.max(position, vector.get(writer) ?? 0));
  }
}

/** Whether the first knows all of the second. */
export function covers(
  vector: ReadonlyMap<WriterId, Position>,
  other: ReadonlyMap<WriterId, Position>,
): boolean {
  return [...other].every(([writer, position]) => (vector.get(writer) ?? 0) >= position);
}

/** The addresses of the four that begin are known from the beginning. */
export function firstControls(digit: string, before: number): Control[] {
  const promise: Control = { kind: "promise", before, known: new Map() };
  const named = ["1", "2", "3", "4"].map((other): Control => {
    const address = `host-${other}:1`;
    return { kind: "named", named: { address, version: 1, wanted: true } };
  });
  return [born(digit), promise, member(digit), ...named];
}

/** A member is removed, and nobody is expected any more where it was. */
export function removalOf(digit: string): Control[] {
  const named = { address: `host-${digit}:1`, version: 2, wanted: false };
  return [member(digit, "removed", 2), { kind: "named", named }];
}

/** Of each writer some of what is lacking; now and then all. */
export function syncSome(library: Library, draw: Draw, from: Node, to: Node): void {
  const all = draw(2) === 0;
  for (const [writer, { position }] of from.replica.writers) {
    const have = to.replica.writers.get(writer)?.position ?? 0;
    const more = all ? position : have + draw(Math.max(0, position - have) + 1);
    library.apply(to.replica, writer, Math.min(position, more));
  }
}

/** How many different states there are. */
export function statesOf(nodes: readonly Node[], before: number): number {
  const digests = nodes.map(
    ({ replica }) => `${vectorHash(replica)}\n${digestOf(replica, before)}`,
  );
  return new Set(digests).size;
}
