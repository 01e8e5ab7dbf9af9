/**
 * Checks one data directory, over all processes that use it: what its node knows, shows, claims and
 * sends is compared with the truth after every step that may have changed it.
 */
import { decodeEntry, decodeRecord } from "@counter/eventual";
import type {
  Control,
  CounterName,
  Head,
  Message,
  Operation,
  Outcome,
  Position,
  Ready,
  RecordRange,
  VersionVector,
  WriterId,
} from "@counter/eventual";
import { isGrowOnly, useOf } from "./counters.ts";
import { HistoryModel } from "./history-model.ts";
import type { SimNode } from "./node.ts";
import { must } from "./sentences.ts";
import type { EventualWorld, SimCore } from "./world.ts";
import { checkAnswers } from "./answers.ts";
import type { AskedOf } from "./answers.ts";
import { checkBounds } from "./bounds.ts";

export class NodeWatch {
  readonly model: HistoryModel;
  readonly #world: EventualWorld;
  readonly #node: SimNode;
  /** What it has said that it has. */
  readonly #claimed = new Map<WriterId, Position>();
  readonly #shown = new Map<CounterName, bigint>();
  readonly #touched = new Set<CounterName>();

  constructor(world: EventualWorld, node: SimNode) {
    this.#world = world;
    this.#node = node;
    this.model = new HistoryModel((writer, position) => world.truth.bodyOf(writer, position));
  }

  /** A process has read its disk: everything that an earlier one knew or claimed must be there. */
  onLoaded(core: SimCore): void {
    const vector = core.vector();
    const missing = [...this.#claimed].find(([w, position]) => (vector.get(w) ?? 0) < position);
    must(missing === undefined, "claims-survive", () => {
      return `${this.#name} claimed ${String(missing)}, has ${vector.get(missing![0]) ?? 0}`;
    });
    this.#advance(vector, "claims-survive");
    this.#checkValues(core);
  }

  onPersisted(core: SimCore): void {
    this.#advance(core.vector(), "vector-grows");
    this.#checkValues(core);
  }

  onReady(core: SimCore, ready: Ready, askedOf: AskedOf): void {
    if (ready.write !== null) this.#checkWrite(ready.write.entries);
    for (const message of ready.messages) this.#checkMessage(core, message);
    if (ready.outcomes.length > 0) {
      this.#claimAnswers(core, ready.outcomes);
      checkAnswers(this.#world, this.#node, {
        outcomes: ready.outcomes,
        askedOf,
        isMerging: core.status().merging,
      });
    }
  }

  onStatus(core: SimCore): void {
    const status = core.status();
    checkBounds(this.#world, this.#node, status);
    for (const name of this.model.counterNames()) this.#touched.add(name);
    this.#checkValues(core);
    if (!status.merging) this.#world.agreement.onStatus(this.#name, status);
  }

  #advance(vector: VersionVector, invariant: "vector-grows" | "claims-survive"): void {
    for (const [writer, before] of this.model.vector) {
      const now = vector.get(writer) ?? 0;
      must(now >= before, invariant, () => `${this.#name} knew ${writer}@${before}, now ${now}`);
    }
    const missing = this.model.advanceTo(vector, this.#touched);
    must(missing === null, "durable-first", () => {
      return `${this.#name} knows ${missing!.writer}@${missing!.position}, its writer does not`;
    });
  }

  #checkValues(core: SimCore): void {
    if (core.status().merging) {
      // Values come from all of a snapshot; they are compared when its vector is there as well.
      for (const name of this.model.counterNames()) this.#touched.add(name);
      return;
    }
    for (const name of this.#touched) {
      const value = core.value(name);
      must(value === this.model.value(name), "full-history", () => {
        return `${this.#name} shows ${value} for ${name}, the history says ${this.model.value(name)}`;
      });
      this.#checkExistence(core, name);
      if (!isGrowOnly(name)) continue;
      const before = this.#shown.get(name) ?? 0n;
      must(
        value >= before,
        "grows-only",
        () => `${this.#name}: ${name} from ${before} to ${value}`,
      );
      this.#shown.set(name, value);
    }
    this.#touched.clear();
  }

  #checkExistence(core: SimCore, name: CounterName): void {
    const { exists, labels } = core.look(name);
    const shown = labelText(exists ? labels : null);
    const history = labelText(this.model.labels(name));
    must(shown === history, "existence", () => {
      return `${this.#name} shows ${name} as ${shown}, the history says ${history}`;
    });
    const { coverage } = this.#world;
    if (exists && this.model.wasDeleted(name)) coverage.hit("cameBack");
    if (this.model.hasDisplacedDeeds(name)) coverage.hit("deedOnTwoSides");
  }

  /** A reset covers everything that the node knows at that moment (E14). */
  #checkWrite(entries: readonly Uint8Array[]): void {
    for (const bytes of entries) {
      const entry = decodeEntry(bytes);
      if (entry.kind !== "record") continue;
      const owner = this.#world.truth.writers.get(entry.writer)?.owner ?? this.#node.id;
      if (owner !== this.#node.id) continue;
      if (this.#world.truth.hasRecord(entry, entry.bytes)) continue; // one of an earlier process
      const { controls, keyed } = decodeRecord(entry.bytes);
      for (const { counter, key, at } of keyed) {
        // Beyond the span of the first use a key without a time of its own is a new one.
        const isKnown = this.model.dotsOf(counter, key).some(({ operation: first }) => {
          return Math.abs(at - first.at) < first.until - first.at;
        });
        must(!isKnown, "key-known", () => `${this.#name} writes ${counter} again under ${key}`);
      }
      for (const item of controls) {
        if (item.kind === "seal") this.#world.coverage.hit("sealed");
        if (item.kind === "deed") this.#checkDeed(item);
        else if (item.kind === "reset" || item.kind === "delete") this.#checkCover(item);
      }
    }
  }

  #checkDeed({ counter, key, deed }: Extract<Control, { kind: "deed" }>): void {
    const known = this.model.dotsOf(counter, key).length;
    must(known === 0, "key-known", () => `${this.#name} acts on ${counter} again under ${key}`);
    if (deed.type === "delete") this.#checkCover({ kind: "delete", counter, floor: deed.floor });
  }

  #checkCover(item: Extract<Control, { kind: "reset" | "delete" }>): void {
    if (item.kind === "delete") this.#checkDeletion(item.counter);
    const floor = new Map(item.floor.map(({ writer, position }) => [writer, position]));
    const left = this.model.uncovered(item.counter, floor);
    must(left === null, "reset-covers", () => `${this.#name}: ${left!} is not covered`);
    const beyond = item.floor.find(({ writer, position }) => {
      return position > (this.model.vector.get(writer) ?? 0);
    });
    must(beyond === undefined, "reset-covers", () => `${this.#name}: ${beyond!.writer} beyond`);
  }

  #checkDeletion(name: CounterName): void {
    this.#world.coverage.hit("deleted");
    must(this.model.labels(name) !== null, "existence", () => {
      return `${this.#name} deletes ${name}, which it does not know`;
    });
  }

  #checkMessage(core: SimCore, message: Message): void {
    const { body } = message;
    switch (body.type) {
      case "push":
        for (const range of body.ranges) {
          const owner = this.#world.truth.writers.get(range.writer)?.owner;
          must(owner === this.#node.id, "no-echo", () => `${this.#name} pushes ${range.writer}`);
        }
        return this.#checkRanges(body.ranges);
      case "fill":
        return this.#checkRanges(body.ranges);
      case "delta":
        if (body.snapshot) this.#world.coverage.hit("truncatedLog");
        this.#claim(core, body.heads);
        return this.#checkRanges(body.ranges);
      case "ack":
        return this.#claim(core, body.heads);
      case "sync": // names what is on its way to the disk as well: it asks, and claims nothing
      case "fetch":
      case "health":
      case "healthy":
      case "piece":
      case "refused":
        return;
    }
  }

  #checkRanges(ranges: readonly RecordRange[]): void {
    const { limits } = this.#world.knobs;
    let bytes = 0;
    let count = 0;
    for (const { writer, from, records } of ranges) {
      for (const [at, record] of records.entries()) {
        const position = from + at;
        must(this.#world.truth.hasRecord({ writer, position }, record), "durable-first", () => {
          return `${this.#name} sends ${writer}@${position}, which is not on its writer's disk`;
        });
        bytes += record.length;
        count += 1;
      }
    }
    this.#world.recordCopies += count;
    // The record that reaches the limit still goes.
    const last = ranges.at(-1)?.records.at(-1)?.length ?? 0;
    const isWithin = bytes - last <= limits.messageMaxBytes && count <= limits.messageMaxRecords;
    must(isWithin || count <= 1, "bounded", () => {
      return `${this.#name} sends ${count} records, ${bytes} bytes at once`;
    });
  }

  #claim(core: SimCore, heads: readonly Head[]): void {
    for (const { writer, position } of heads) {
      const known = core.position(writer);
      must(position <= known, "durable-first", () => {
        return `${this.#name} claims ${writer}@${position}, knows ${known}`;
      });
      if (position > (this.#claimed.get(writer) ?? 0)) this.#claimed.set(writer, position);
    }
  }

  #claimAnswers(core: SimCore, outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.type !== "written" || outcome.position === 0) continue;
      const { writer, position } = outcome;
      this.#claim(core, [{ writer, position, hash: 0 }]);
    }
  }

  /** Whether the node has counted the key of this operation, be it that it has forgotten that. */
  knowsKey(operation: Operation): boolean {
    if (operation.type === "restore" || operation.key === null) return false;
    if (useOf(operation.counter) === "opaque") return false; // may be counted again one day
    return this.model.dotsOf(operation.counter, operation.key).length > 0;
  }

  get #name(): string {
    return this.#node.name;
  }
}

function labelText(labels: ReadonlyMap<string, string> | null): string {
  return labels === null ? "nothing" : JSON.stringify([...labels]);
}
