/** One server of a scenario: a core, a disk, and the simplest state machine: commands in a row. */
import { RaftCore } from "@counter/raft";
import type {
  ChangeRefusal,
  Entry,
  Input,
  LogIndex,
  Message,
  NodeId,
  Outcome,
  PersistedState,
  RaftOptions,
  RaftStatus,
  Ready,
} from "@counter/raft";
import { decodeText, encodeText } from "../counter-workload.ts";
import { describeEntries, describeId, describeNote } from "../describe.ts";
import type { DiskImage, DiskOperation } from "../disk-image.ts";
import type { Invariants } from "../invariants.ts";
import type { LogImage } from "../log-image.ts";
import type { ServerView } from "../server-view.ts";
import type { ScenarioChange } from "./changes.ts";
import { ScenarioDisk } from "./disk.ts";
import { ScenarioProposals } from "./proposals.ts";

/** How far a tick moves the clock of its server, in milliseconds. */
export const scenarioTickMs: number = 10;

/** What a server needs of the world around it. */
export interface Surroundings {
  readonly raft: RaftOptions;
  readonly print: (line: string) => void;
  readonly send: (message: Message) => void;
  readonly invariants: () => Invariants;
}

export class ScenarioServer implements ServerView {
  readonly id: NodeId;
  readonly position: number;
  disk: ScenarioDisk;
  log: LogImage;
  /** Scenarios never give a server an empty disk in the place of its own. */
  readonly lost: null = null;
  status: RaftStatus | null = null;
  readonly #around: Surroundings;
  readonly #proposals: ScenarioProposals;
  #core: RaftCore | null = null;
  #applied: string[] = [];
  #appliedIndex = 0;
  #starts = 0;
  /** What was committed anywhere when a read began, by its context. */
  readonly #readFloors = new Map<number, LogIndex>();
  #nextContext = 1;
  #retainEntries = 0;
  /** Its own clock, for leases. */
  #nowMs = 0;

  constructor(id: NodeId, position: number, initial: PersistedState, around: Surroundings) {
    this.id = id;
    this.position = position;
    this.#around = around;
    this.#proposals = new ScenarioProposals((what) => this.#print(what));
    this.disk = this.#diskWith(initial);
    this.log = this.image.log.clone();
  }

  get image(): DiskImage {
    return this.disk.image;
  }

  /** Before the first start: what the disk holds. */
  prepare(persisted: PersistedState): void {
    if (this.#starts > 0) throw new RangeError(`${this.id} has started already`);
    this.disk = this.#diskWith(persisted);
    this.log = this.image.log.clone();
  }

  get isUp(): boolean {
    return this.#core !== null;
  }

  start(): void {
    if (this.isUp) throw new RangeError(`${this.id} is up`);
    const { hardState, snapshot, log } = this.image;
    this.log = log.clone();
    this.#appliedIndex = snapshot?.meta.index ?? 0;
    const persisted = { hardState, snapshot: snapshot?.meta ?? null, entries: [...log.entries] };
    const seed = this.position + 1 + this.#starts * 100; // another one for every start
    this.#starts += 1;
    this.#core = new RaftCore({ ...this.#around.raft, id: this.id, seed }, persisted);
    this.#pump();
  }

  crash(): void {
    const lost = this.disk.crash();
    this.#core = null;
    this.status = null;
    this.#applied = [];
    this.#proposals.clear();
    this.#readFloors.clear();
    this.#around.invariants().onCrash(this);
    this.#print(`crashes${lost > 0 ? `; writes that its disk had not finished: ${lost}` : ""}`);
  }

  step(input: Input): void {
    this.#stepTogether([input]);
  }

  tick(): void {
    this.#nowMs += scenarioTickMs;
    this.step({ type: "tick", nowMs: this.#nowMs });
    this.disk.tick(); // there may be room again
  }

  /** Its clock goes on, and it does nothing: the process was stopped, or the machine slept. */
  pause(ms: number): void {
    this.#nowMs += ms;
  }

  receive(message: Message): void {
    this.#stepTogether([{ type: "receive", message }]);
  }

  propose(text: string): void {
    this.#proposals.begin(text);
    this.step({ type: "propose", context: this.#context(), commands: [encodeText(text)] });
  }

  change(change: ScenarioChange): void {
    this.step({ type: "changeMembership", context: this.#context(), ...change });
  }

  /** So many reads in one turn: no Ready is drawn between them. */
  read(count: number): void {
    this.#stepTogether(Array.from({ length: count }, () => this.#newRead()));
  }

  /** A read that a lease answers, if there is one now. */
  leaseRead(): void {
    this.step({ ...this.#newRead(), leaseNowMs: this.#nowMs });
  }

  #newRead(): Extract<Input, { type: "read" }> {
    const context = this.#context();
    this.#readFloors.set(context, this.#around.invariants().committed.lastIndex);
    return { type: "read", context };
  }

  takeSnapshot(retain: number): void {
    const meta = this.#running().snapshotMeta();
    if (meta === null) throw new RangeError(`${this.id} has nothing to snapshot`);
    const snapshot = { meta, bytes: encodeText(this.#applied.join(" ")) };
    this.#retainEntries = retain;
    this.#submit({ type: "saveSnapshot", snapshot });
  }

  #running(): RaftCore {
    if (this.#core === null) throw new RangeError(`${this.id} is down`);
    return this.#core;
  }

  #stepTogether(inputs: readonly Input[]): void {
    for (const input of inputs) this.#running().step(input);
    this.#pump();
  }

  #pump(): void {
    while (this.#core !== null) {
      const before = this.status;
      this.status = this.#core.status();
      this.#around.invariants().onStatus(this, before, this.status);
      if (!this.#core.hasReady()) return;
      this.#carryOut(this.#core, this.#core.ready());
    }
  }

  #carryOut(core: RaftCore, ready: Ready): void {
    for (const note of ready.notes) this.#print(describeNote(note));
    for (const message of ready.messages) {
      this.#around.invariants().onMessage(this, message);
      this.#around.send(message);
    }
    for (const outcome of ready.outcomes) this.#onOutcome(outcome);
    if (ready.restore !== null) this.#restore(core);
    if (ready.committed.length > 0) this.#apply(core, ready.committed);
    if (ready.write !== null) this.#submit({ type: "write", write: ready.write });
    for (const { to, index, offset, maxBytes } of ready.snapshotReads) {
      const stored = this.image.snapshot;
      const read = { type: "snapshotRead", to, index, offset } as const;
      if (stored?.meta.index === index) {
        const data = stored.bytes.slice(offset, offset + maxBytes);
        const done = offset + data.length >= stored.bytes.length;
        core.step({ ...read, chunk: { snapshot: stored.meta, offset, data, done } });
      } else {
        core.step({ ...read, chunk: null });
      }
    }
    const through = ready.compactThrough;
    if (through === null) return;
    this.log.compactThrough(through);
    this.#submit({ type: "compact", through });
  }

  #onOutcome(outcome: Outcome): void {
    switch (outcome.type) {
      case "proposed":
        return this.#proposals.onProposed(outcome.first);
      case "readReady": {
        const floor = this.#readFloors.get(outcome.context) ?? 0;
        this.#around.invariants().onRead(this, { index: outcome.index, floor });
        return this.#print(`may read at ${outcome.index}`);
      }
      case "proposalRefused":
      case "readRefused":
        return this.#print(`refuses: ${outcome.refusal.reason}`);
      case "changeProposed":
        return; // the note of the configuration that takes force says it
      case "changeRefused":
        return this.#print(`refuses the change: ${describeChangeRefusal(outcome.refusal)}`);
    }
  }

  #restore(core: RaftCore): void {
    const { meta, bytes } = this.image.snapshot!; // the core has asked for what is stored
    const text = decodeText(bytes);
    this.#applied = text === "" ? [] : text.split(" ");
    this.#appliedIndex = meta.index;
    this.#print(`restores the snapshot ${describeId(meta)}${text === "" ? "" : `  (${text})`}`);
    this.#proposals.onSnapshot(meta.index);
    core.step({ type: "applied", index: meta.index });
  }

  #apply(core: RaftCore, entries: readonly Entry[]): void {
    this.#around.invariants().onCommitted(this, entries, this.#appliedIndex);
    const texts = entries
      .filter(({ kind }) => kind === "command")
      .map(({ data }) => decodeText(data));
    this.#applied.push(...texts);
    this.#appliedIndex = entries[entries.length - 1]!.index;
    const told = texts.length === 0 ? "" : `  (${texts.join(", ")})`;
    this.#print(`commits ${describeEntries(entries)}${told}`);
    const { role, term } = core.status();
    this.#proposals.onCommitted(entries, role === "leader" ? term : null);
    core.step({ type: "applied", index: this.#appliedIndex });
  }

  #submit(operation: DiskOperation): void {
    if (operation.type === "write") {
      const { write } = operation;
      this.#around.invariants().onWrite(this, write, this.status!);
      if (write.entries.length > 0) this.log.replaceTail(write.entries);
      if (write.chunk?.done === true) this.log.restartBehind(write.chunk.snapshot);
    }
    this.disk.submit(operation);
  }

  #diskWith(persisted: PersistedState): ScenarioDisk {
    return new ScenarioDisk(
      persisted,
      (what) => this.#print(what),
      (operation, replaced) => this.#onDurable(operation, replaced),
    );
  }

  #onDurable(operation: DiskOperation, replaced: readonly Entry[]): void {
    this.#around.invariants().onDurable(this, operation, replaced);
    if (operation.type === "write") {
      this.#running().step({ type: "persisted", write: operation.write.id });
    } else if (operation.type === "saveSnapshot") {
      const { meta: snapshot } = operation.snapshot;
      const retainEntries = this.#retainEntries;
      this.#running().step({ type: "snapshotSaved", snapshot, retainEntries });
    }
    this.#pump();
  }

  #context(): number {
    this.#nextContext += 1;
    return this.#nextContext;
  }

  #print(what: string): void {
    this.#around.print(`${this.id}  ${what}`);
  }
}

function describeChangeRefusal(refusal: ChangeRefusal): string {
  switch (refusal.reason) {
    case "configurationMoved":
      return `${refusal.reason}, it is the one of ${refusal.configurationIndex}`;
    case "invalidChange":
    case "unsafeChange":
      return `${refusal.reason}: ${refusal.problem}`;
    case "notLeader":
    case "changeTooEarly":
    case "changeInProgress":
      return refusal.reason;
  }
}
