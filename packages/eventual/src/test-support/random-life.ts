/**
 * A cluster as it might live, drawn from a seed: additions with and without keys, keys that are
 * retried elsewhere, resets, reboots, a split, a node that joins and one that is removed; records
 * and pieces of snapshots that arrive in parts, while everything goes on. Each node closes keys on
 * its own. After every step the value of every counter is held against the full history.
 */
import { findKey, keyCount } from "../data/keys.ts";
import { mergePiece, piecesOf } from "../data/pieces.ts";
import { keyTime } from "../data/record-codec.ts";
import { emptyReplica, vectorOf } from "../data/replica.ts";
import { floorNow, valueOf } from "../data/values.ts";
import type { Control, RecordBody } from "../types.ts";
import { FullHistory } from "./full-history.ts";
import type { Draw } from "./random.ts";
import { digits, drawFrom, pick, timeOrderedKey } from "./random.ts";
import type { Node, Retry } from "./random-node.ts";
import {
  begin,
  covers,
  firstControls,
  marginMs,
  promiseOf,
  statesOf,
  syncSome,
  take,
  Transfers,
  windowMs,
} from "./random-node.ts";
import type { LifeOptions } from "./variant.ts";
import { Divergence } from "./variant.ts";
import { born, Library, member } from "./writing.ts";

const counters = ["x", "y"] as const;

export class RandomLife {
  readonly library: Library = new Library();
  readonly history: FullHistory = new FullHistory();
  readonly nodes: Node[] = [];
  /** `keys` were used at first, `dots` with retries; open are those at the end of the steps. */
  readonly counts = { compared: 0, keys: 0, dots: 0, openAtSlowest: 0 };

  readonly #draw: Draw;
  readonly #options: LifeOptions;
  readonly #transfers: Transfers;
  #retries: Retry[] = [];
  #step = 0;

  constructor(options: LifeOptions) {
    this.#draw = drawFrom(options.seed);
    this.#options = options;
    this.#transfers = new Transfers(this.#draw);
    for (const digit of ["1", "2", "3", "4"]) this.#addNode(digit, 0);
  }

  /** Snapshots that were taken over completely. */
  get snapshots(): number {
    return this.#transfers.completed;
  }

  /** Lives, and then all learn everything. @throws Divergence */
  run(): void {
    this.live();
    this.#settle();
  }

  /** @throws Divergence */
  live(): void {
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
    this.#write(node, { controls: firstControls(digit, before) });
    return node;
  }

  /** It takes no write before somebody has its first record and gave it everything after that. */
  #join(digit: string): void {
    const skew = this.#options.skewMs;
    const node = this.#addNode(digit, begin + this.#step + skew);
    const from = this.nodes[0]!;
    this.library.apply(from.replica, node.writer);
    for (const piece of piecesOf(from.replica)) take(from, node, piece);
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
    if (dice < 160) return this.#transfers.advance();
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
    this.#write(node, { controls: [promiseOf(node, this.#now(node))] });
    return [node];
  }

  #sync(to: Node): Node[] {
    const from = this.#peerOf(to);
    if (from === null) return [];
    syncSome(this.library, this.#draw, from, to);
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
    if (from !== null) this.#transfers.begin(from, to);
    return [];
  }

  /** From its disk, and with another writer. */
  #reboot(node: Node): Node[] {
    const pieces = [...piecesOf(node.replica)];
    node.replica = emptyReplica();
    for (const piece of pieces) mergePiece(node.replica, piece);
    this.#transfers.forget(node);
    const old = node.writer;
    node.writer = digits(this.#draw, 24);
    node.boot += 1;
    const seal: Control = {
      kind: "seal",
      writer: old,
      position: this.library.of(old).length,
    };
    this.#write(node, {
      controls: [born(node.digit, node.boot), promiseOf(node, this.#now(node)), seal],
    });
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
    this.#transfers.forget(null);
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
    const different = statesOf(this.#alive(), before);
    if (different > 1) {
      throw new Divergence(`seed ${this.#options.seed}: ${different} states in the end`);
    }
    for (const node of this.#alive()) {
      this.#close(node, Infinity);
      this.#compare(node);
    }
  }
}
