/** The disk of a scenario: it does everything at once and in order, unless it is held or full. */
import type { Entry, PersistedState } from "@counter/raft";
import { describeId, describeWrite } from "../describe.ts";
import { applyOperation, imageOf } from "../disk-image.ts";
import type { DiskImage, DiskOperation } from "../disk-image.ts";

export class ScenarioDisk {
  readonly image: DiskImage;
  readonly #print: (what: string) => void;
  readonly #onDone: (operation: DiskOperation, replaced: readonly Entry[]) => void;
  #mode: "ready" | "held" | "full" = "ready";
  #pending: DiskOperation[] = [];

  /** @param onDone - called when an operation is durable, with the entries that it replaced */
  constructor(
    initial: PersistedState,
    print: (what: string) => void,
    onDone: (operation: DiskOperation, replaced: readonly Entry[]) => void,
  ) {
    this.image = imageOf(initial);
    this.#print = print;
    this.#onDone = onDone;
  }

  submit(operation: DiskOperation): void {
    this.#pending.push(operation);
    if (this.#mode === "ready") return this.#completeAll();
    const why = this.#mode === "held" ? "waits for its disk" : "has no room on its disk";
    this.#print(`${why}: ${describeOperation(operation)}`);
  }

  hold(): void {
    this.#mode = "held";
  }

  /** From now on nothing finds room. */
  fill(): void {
    this.#mode = "full";
  }

  /** There is room again: what waits is tried again with the next tick. */
  free(): void {
    this.#mode = "ready";
  }

  release(): void {
    this.#mode = "ready";
    this.#completeAll();
  }

  /** Finishes what waits for a held disk, at most `count`. */
  persist(count: number): void {
    if (this.#mode === "full") throw new RangeError("there is no room on this disk");
    for (let i = 0; i < count && this.#pending.length > 0; i += 1) this.#complete();
  }

  tick(): void {
    if (this.#mode === "ready") this.#completeAll();
  }

  /** Loses what is not durable. Returns how much that was. */
  crash(): number {
    const lost = this.#pending.length;
    this.#pending = [];
    if (this.#mode === "held") this.#mode = "ready";
    return lost;
  }

  #completeAll(): void {
    while (this.#pending.length > 0) this.#complete();
  }

  #complete(): void {
    const operation = this.#pending.shift()!;
    const replaced = applyOperation(this.image, operation);
    if (this.#mode === "held" || operation.type !== "write") {
      this.#print(`its disk has ${describeOperation(operation)}`);
    }
    this.#onDone(operation, replaced);
  }
}

function describeOperation(operation: DiskOperation): string {
  switch (operation.type) {
    case "write":
      return describeWrite(operation.write);
    case "saveSnapshot":
      return `the snapshot ${describeId(operation.snapshot.meta)}`;
    case "compact":
      return `nothing through ${operation.through} any more`;
  }
}
