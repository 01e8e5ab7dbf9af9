/**
 * A cluster as it might live, drawn from a seed: additions with and without keys, keys that are
 * retried elsewhere, resets, reboots, a split, a node that joins and one that is removed; records
 * and pieces of snapshots that arrive in parts, while everything goes on. Each node closes keys on
 * its own. After every step the value of every counter is held against the full history.
 */
import { closeKeys } from "../data/closing.ts";
import { digestOf } from "../data/digest.ts";
import { findKey, keyCount } from "../data/keys.ts";
import { mergePiece, piecesOf } from "../data/pieces.ts";
import { keyTime } from "../data/record-codec.ts";
import type { Replica } from "../data/replica.ts";
import { emptyReplica, vectorHash, vectorOf } from "../data/replica.ts";
import { floorNow, valueOf } from "../data/values.ts";
import type { Control, Position, RecordBody, WriterId } from "../types.ts";
import { FullHistory } from "./full-history.ts";
import type { Draw } from "./random.ts";
import { digits, drawFrom, pick, timeOrderedKey } from "./random.ts";
import { born, Library, member } from "./writing.ts";

const windowMs = 60;
const marginMs = 20;
const begin = 1_700_000_000_000;
const counters = ["x", "y"] as const;

/** The replica, or one with a rule less. */
export interface Variant {
  readonly valueOf: (r: Replica, counter: string) => bigint;
  readonly closeKeys: (r: Replica, keysMax: number) => ReturnType<typeof closeKeys>;
}

export const everyRule: Variant = { valueOf, closeKeys };

interface Node {
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

interface Retry {
  readonly step: number;
  readonly counter: string;
  readonly key: string;
  readonly delta: bigint;
}

interface Transfer {
  readonly from: Node;
  readonly to: Node;
  readonly pieces: Generator<Uint8Array>;
}

export interface LifeOptions {
  readonly seed: number;
  readonly steps: number;
  /** Clocks are wrong by up to so much. */
  readonly skewMs: number;
  readonly variant: Variant;
}

/** What went otherwise than it should. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

export class RandomLife {
  readonly library: Library = new Library();
  readonly history: FullHistory = new FullHistory();
  readonly nodes: Node[] = [];
  /** `keys` were used at first, `dots` with retries; open are those at the end of the steps. */
  readonly counts = { compared: 0, keys: 0, dots: 0, snapshots: 0, openAtSlowest: 0 };
  readonly #draw: Draw;
  readonly #options: LifeOptions;
  #retries: Retry[] = [];
  #transfers: Transfer[] = [];
  #step = 0;

  constructor(options: LifeOptions) {
    this.#draw = drawFrom(options.seed);
    this.#options = options;
    for (const digit of ["1", "2", "3", "4"]) this.#addNode(digit, 0);
  }

  /** @throws Divergence */
  run(): void {
    const { steps } = this.#options;
    for (; this.#step < steps; this.#step += 1) {
      if (this.#step === Math.floor(steps * 0.6)) this.#join("5");
      if (this.#step === Math.floor(steps * 0.7)) this.nodes[1]!.alive = false;
      if (this.#step === Math.floor(steps * 0.75)) {
        const named = { address: "host-2:1", version: 2, wanted: false };
        const controls = [member("2", "removed", 2), { kind: "named", named } as const];
        this.#write(this.nodes[2]!, { controls });
      }
      for (const node of [...this.#use(), ...this.#keepUp(), ...this.#keepUp()]) {
        this.#compare(node);
      }
    }
    const open = this.#alive().map(({ replica }) => keyCount(replica));
    this.counts.openAtSlowest = Math.max(...open);
    this.#settle();
  }

  #now(node: Node): number {
    return begin + this.#step + node.skewMs;
  }

  #addNode(digit: string, before: number): Node {
    const { skewMs } = this.#options;
    const node: Node = {
      digit,
      skewMs: skewMs === 0 ? 0 : this.#draw(2 * skewMs + 1) - skewMs,
      boot: 1,
      writer: digits(this.#draw, 24),
      replica: emptyReplica(),
      before,
      ahead: new Map(),
      closedBefore: 0,
      closed: 0,
      alive: true,
    };
    this.nodes.push(node);
    const named = ["1", "2", "3", "4"].map((other): Control => ({
      kind: "named",
      named: { address: `host-${other}:1`, version: 1, wanted: true },
    }));
    const promise: Control = { kind: "promise", before, known: new Map() };
    this.#write(node, { controls: [born(digit), promise, member(digit), ...named] });
    return node;
  }

  /** It takes no write before somebody has its first record and gave it everything after that. */
  #join(digit: string): void {
    const skew = this.#options.skewMs;
    const node = this.#addNode(digit, begin + this.#step + skew);
    const from = this.nodes[0]!;
    this.library.apply(from.replica, node.writer);
    this.#transfers.push({ from, to: node, pieces: piecesOf(from.replica, 200) });
    while (this.#transfers.some(({ to }) => to === node)) this.#transfer();
    this.library.sync(from.replica, node.replica);
  }

  #write(node: Node, parts: Partial<RecordBody>): void {
    this.library.write(node.replica, node.writer, parts);
    const record = this.library.of(node.writer).at(-1)!;
    this.history.add(record.writer, record.position, record.body);
  }

  /** Somebody writes, or not. Returns the nodes that something happened to. */
  #use(): Node[] {
    const node = pick(this.#draw, this.#alive());
    const dice = this.#draw(100);
    if (dice < 10) return this.#plain(node);
    if (dice < 35) return this.#newKey(node);
    if (dice < 45) return this.#retry(node);
    if (dice < 47) return this.#reset(node);
    return [];
  }

  /** What nodes do by themselves. */
  #keepUp(): Node[] {
    const node = pick(this.#draw, this.#alive());
    const dice = this.#draw(200);
    if (dice < 25) return this.#promise(node);
    if (dice < 130) return this.#sync(node);
    if (dice < 134) return this.#beginTransfer(node);
    if (dice < 160) return this.#transfer();
    if (dice < 161) return this.#reboot(node);
    return this.#close(node);
  }

  #alive(): Node[] {
    return this.nodes.filter(({ alive }) => alive);
  }

  #plain(node: Node): Node[] {
    const sums = counters
      .slice(this.#draw(2))
      .map((counter) => ({ counter, plus: BigInt(this.#draw(9)), minus: BigInt(this.#draw(5)) }));
    this.#write(node, { plain: sums });
    return [node];
  }

  #newKey(node: Node): Node[] {
    const counter = pick(this.#draw, counters);
    const opaque = this.#draw(3) === 0;
    // An opaque key may be used again long after; then it is a new operation.
    const key = opaque ? `order-${this.#draw(40)}` : timeOrderedKey(this.#draw, begin + this.#step);
    const delta = BigInt(this.#draw(40) - 15);
    this.counts.keys += 1;
    if (this.#draw(10) < 3) {
      // A tenth of the retries has another payload.
      const other = this.#draw(10) === 0 ? 1n : 0n;
      const step = this.#step + this.#draw(90);
      this.#retries.push({ step, counter, key, delta: delta + other });
    }
    return this.#useKey(node, counter, key, delta);
  }

  #retry(node: Node): Node[] {
    const due = this.#retries.find(({ step }) => step <= this.#step);
    if (due === undefined) return [];
    this.#retries = this.#retries.filter((retry) => retry !== due);
    return this.#useKey(node, due.counter, due.key, due.delta);
  }

  #useKey(node: Node, counter: string, key: string, delta: bigint): Node[] {
    const time = keyTime(key);
    const at = time ?? Math.max(this.#now(node), node.before);
    if (at < node.before) return [];
    if (findKey(node.replica, { counter, key, at }) !== null) return [];
    const until = time === null ? at + windowMs : at + 1;
    const value = valueOf(node.replica, counter) + delta;
    this.counts.dots += 1;
    this.#write(node, { keyed: [{ counter, delta, key, at, until, value }] });
    return [node];
  }

  #reset(node: Node): Node[] {
    const counter = pick(this.#draw, counters);
    const position = this.library.of(node.writer).length;
    const floor = floorNow(node.replica, counter, { writer: node.writer, position });
    const plain = this.#draw(2) === 0 ? [] : [{ counter, plus: 100n, minus: 0n }];
    this.#write(node, { controls: [{ kind: "reset", counter, floor }], plain });
    return [node];
  }

  #promise(node: Node): Node[] {
    this.#write(node, { controls: [this.#promiseOf(node)] });
    return [node];
  }

  #promiseOf(node: Node): Control {
    node.before = Math.max(node.before, this.#now(node) - windowMs - marginMs);
    const known = vectorOf(node.replica);
    known.delete(node.writer);
    return { kind: "promise", before: node.before, known };
  }

  /** Of each writer some of what is lacking; now and then all. */
  #sync(to: Node): Node[] {
    const from = this.#peerOf(to);
    if (from === null) return [];
    const all = this.#draw(2) === 0;
    for (const [writer, { position }] of from.replica.writers) {
      const have = to.replica.writers.get(writer)?.position ?? 0;
      const more = all ? position : have + this.#draw(Math.max(0, position - have) + 1);
      this.library.apply(to.replica, writer, Math.min(position, more));
    }
    return [to];
  }

  #peerOf(node: Node): Node | null {
    const { steps } = this.#options;
    const split = this.#step > steps * 0.25 && this.#step < steps * 0.5;
    const sideOf = ({ digit }: Node): boolean => digit < "3";
    const others = this.#alive().filter(
      (other) => other !== node && (!split || sideOf(other) === sideOf(node)),
    );
    return others.length === 0 ? null : pick(this.#draw, others);
  }

  #beginTransfer(to: Node): Node[] {
    const from = this.#peerOf(to);
    if (from === null || this.#transfers.length > 3) return [];
    const pieces = piecesOf(from.replica, 1 + this.#draw(600));
    this.#transfers.push({ from, to, pieces });
    return [];
  }

  /** Some pieces of one snapshot; now and then it is given up in the middle. */
  #transfer(): Node[] {
    if (this.#transfers.length === 0) return [];
    const transfer = pick(this.#draw, this.#transfers);
    const { from, to, pieces } = transfer;
    for (let left = this.#draw(20); left > 0; left -= 1) {
      const { done, value } = pieces.next();
      if (done === true) {
        this.#transfers = this.#transfers.filter((other) => other !== transfer);
        this.counts.snapshots += 1;
        return [to];
      }
      raise(to.ahead, vectorOf(from.replica));
      raise(to.ahead, from.ahead);
      mergePiece(to.replica, value);
      to.closedBefore = Math.max(to.closedBefore, from.closedBefore);
    }
    if (to.boot > 1 && this.#draw(20) === 0) {
      this.#transfers = this.#transfers.filter((other) => other !== transfer);
    }
    return [to];
  }

  /** From its disk: a checkpoint that was made before some of the records. */
  #reboot(node: Node): Node[] {
    const pieces = [...piecesOf(node.replica)];
    const vector = vectorOf(node.replica);
    node.replica = emptyReplica();
    for (const piece of pieces) mergePiece(node.replica, piece);
    for (const [writer, position] of vector) this.library.apply(node.replica, writer, position);
    this.#transfers = this.#transfers.filter(({ from, to }) => from !== node && to !== node);
    const old = node.writer;
    node.writer = digits(this.#draw, 24);
    node.boot += 1;
    const seal: Control = {
      kind: "seal",
      writer: old,
      position: this.library.of(old).length,
    };
    this.#write(node, { controls: [born(node.digit, node.boot), this.#promiseOf(node), seal] });
    return [node];
  }

  #close(node: Node, keysMax: number = pick(this.#draw, [1, 5, 1_000])): Node[] {
    const closed = this.#options.variant.closeKeys(node.replica, keysMax);
    node.closed += closed?.keys ?? 0;
    node.closedBefore = Math.max(node.closedBefore, closed?.before ?? 0);
    return [node];
  }

  #compare(node: Node): void {
    const known = vectorOf(node.replica);
    if (!covers(known, node.ahead)) return;
    for (const counter of counters) {
      const compact = this.#options.variant.valueOf(node.replica, counter);
      const full = this.history.valueOf(counter, known);
      this.counts.compared += 1;
      if (compact !== full) {
        throw new Divergence(
          `seed ${this.#options.seed}, step ${this.#step}: ${counter} at node ${node.digit} ` +
            `is ${compact} and should be ${full}`,
        );
      }
    }
  }

  /** All sync with all, promise and close: then all are the same. */
  #settle(): void {
    this.#transfers = [];
    for (let round = 0; round < 6; round += 1) {
      this.#step += windowMs + marginMs;
      for (const to of this.#alive()) {
        for (const from of this.#alive()) this.library.sync(from.replica, to.replica);
        if (round < 5) this.#promise(to);
        this.#compare(to);
      }
    }
    for (const to of this.#alive()) {
      for (const from of this.#alive()) this.library.sync(from.replica, to.replica);
      this.#compare(to);
    }
    const before = Math.max(...this.nodes.map(({ closedBefore }) => closedBefore));
    const states = new Set(this.#alive().map(({ replica }) => digestOf(replica, before)));
    const hashes = new Set(this.#alive().map(({ replica }) => vectorHash(replica)));
    if (states.size !== 1 || hashes.size !== 1) {
      throw new Divergence(`seed ${this.#options.seed}: ${states.size} states in the end`);
    }
    for (const node of this.#alive()) {
      this.#close(node, Infinity);
      this.#compare(node);
    }
  }
}

function raise(vector: Map<WriterId, Position>, to: ReadonlyMap<WriterId, Position>): void {
  for (const [writer, position] of to) {
    vector.set(writer, Math.max(position, vector.get(writer) ?? 0));
  }
}

function covers(
  vector: ReadonlyMap<WriterId, Position>,
  other: ReadonlyMap<WriterId, Position>,
): boolean {
  return [...other].every(([writer, position]) => (vector.get(writer) ?? 0) >= position);
}
