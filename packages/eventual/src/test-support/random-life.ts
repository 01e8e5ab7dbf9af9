/**
 * A cluster as it might live, drawn from a seed: additions with and without keys, keys that are
 * retried elsewhere, resets, reboots, a split, a node that joins and one that is removed; records
 * and pieces of snapshots that arrive in parts, while everything goes on. Each node closes keys on
 * its own. After every step the value of every counter is held against the full history.
 */
import { findKey, keyCount } from "../data/keys.ts";
import { mergePiece, piecesOf } from "../data/pieces.ts";
import { keyTime } from "../data/key-codec.ts";
import { emptyReplica, vectorOf } from "../data/replica.ts";
import type { Control, RecordBody } from "../types.ts";
import { compare, covering, keyOf, settingsOf, useOf } from "./random-acts.ts";
import { FullHistory } from "./full-history.ts";
import type { Draw } from "./random.ts";
import { digits, drawFrom, pick } from "./random.ts";
import type { Node, Retry } from "./random-node.ts";
import {
  begin,
  covers,
  firstControls,
  marginMs,
  newNode,
  promiseOf,
  removalOf,
  statesOf,
  syncSome,
  take,
  Transfers,
  windowMs,
} from "./random-node.ts";
import type { LifeOptions } from "./variant.ts";
import { Divergence } from "./variant.ts";
import { born, Library } from "./writing.ts";

const counters = ["x", "y"] as const;

export class RandomLife {
  readonly library: Library = new Library();
  readonly history: FullHistory = new FullHistory();
  readonly nodes: Node[] = [];
  /** `keys` were used at first, `dots` with retries; open are those at the end of the steps. */
  readonly counts = {
    ...{ compared: 0, keys: 0, dots: 0, deeds: 0, openAtSlowest: 0, snapshots: 0, absent: 0 },
  };

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
      if (this.#step === Math.floor(steps * 0.7)) this.#stop(this.nodes[1]!);
      if (this.#step === Math.floor(steps * 0.75)) {
        this.#write(this.nodes[2]!, { controls: removalOf("2") });
      }
      for (const node of [...this.#use(), ...this.#keepUp(), ...this.#keepUp()]) {
        this.#compare(node);
      }
    }
    const open = this.#alive().map(({ replica }) => keyCount(replica));
    this.counts.openAtSlowest = Math.max(...open);
    this.counts.snapshots = this.#transfers.completed;
  }

  #now(node: Node): number {
    return begin + this.#step + node.skewMs;
  }

  #addNode(digit: string, before: number): Node {
    const node = newNode(this.#draw, { digit, before, skewMs: this.#options.skewMs });
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

  /** For good. Others may have pieces that are ahead of it: its last records must be somewhere. */
  #stop(node: Node): void {
    node.alive = false;
    this.library.sync(node.replica, this.nodes[2]!.replica);
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
    if (dice < 50) return this.#say(node, dice < 49);
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
    const key = keyOf(this.#draw, begin + this.#step);
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
    this.counts.dots += 1;
    const parts = useOf(this.library, node, { counter, delta, key, at, until });
    if (parts.controls.some(({ kind }) => kind === "deed")) this.counts.deeds += 1;
    this.#write(node, parts);
    return [node];
  }

  #reset(node: Node): Node[] {
    const counter = pick(this.#draw, counters);
    const plain = this.#draw(2) === 0 ? [] : [{ counter, plus: 100n, minus: 0n }];
    this.#write(node, { controls: [covering("reset", this.library, node, counter)], plain });
    return [node];
  }

  /** Something of a counter as a whole: settings, or that it is deleted. */
  #say(node: Node, isSettings: boolean): Node[] {
    const counter = pick(this.#draw, counters);
    const settings = isSettings ? settingsOf(this.#draw, counter) : null;
    const control = settings ?? covering("delete", this.library, node, counter);
    this.#write(node, { controls: [control] });
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
      const { absent, problem } = compare(this.#options.variant, this.history, { node, counter });
      this.counts.compared += 1;
      this.counts.absent += absent ? 1 : 0;
      if (problem === null) continue;
      throw new Divergence(`seed ${this.#options.seed}, step ${this.#step}: ${problem}`);
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
