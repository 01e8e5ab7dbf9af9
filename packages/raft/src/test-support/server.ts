/**
 * One core with a disk and a state machine (the first byte of every command), without a network: what it sends is
 * kept for the test to look at. The disk answers at once unless it is held.
 */
import { RaftCore, defaultRaftOptions } from "../index.ts";
import type {
  Entry,
  Input,
  LogIndex,
  Member,
  Message,
  MessageType,
  NodeId,
  Note,
  Outcome,
  RaftOptions,
  RaftStatus,
  Ready,
  SnapshotReadRequest,
  Write,
} from "../index.ts";
import { TestDisk } from "./disk.ts";
import { stored } from "./logs.ts";
import type { Stored } from "./logs.ts";
import { ofType, show, vote } from "./messages.ts";
import type { MessageOf } from "./messages.ts";

export const testOptions: Omit<RaftOptions, "id"> = {
  ...defaultRaftOptions,
  seed: 1,
  electionTimeoutTicks: 10,
  heartbeatTicks: 2,
  diskStallTicks: 40,
};

export interface ServerSetup extends Partial<RaftOptions> {
  readonly id?: NodeId;
  /** Everybody, this server included. */
  readonly members?: readonly NodeId[];
  /** By default what `bootstrap` stores: `1`. */
  readonly stored?: Stored;
}

export class TestServer {
  readonly options: RaftOptions;
  readonly members: readonly NodeId[];
  readonly disk: TestDisk;
  core: RaftCore;
  /** What was sent and not looked at yet. */
  sent: Message[] = [];
  outcomes: Outcome[] = [];
  notes: Note[] = [];
  /** Whom this server was last told to reach. */
  contacts: readonly Member[] | null = null;
  /** Everything applied since the start of this core, and the state that came of it. */
  applied: Entry[] = [];
  state: number[] = [];
  readonly heldWrites: Write[] = [];
  diskHeld = false;
  readonly heldSnapshotReads: SnapshotReadRequest[] = [];
  snapshotReadsHeld = false;
  readonly heldBatches: (readonly Entry[])[] = [];
  applyingHeld = false;
  /** Largest number of writes that were out at once. */
  mostWritesOut = 0;

  constructor({ id = "a", members = ["a", "b", "c"], stored: image, ...rest }: ServerSetup = {}) {
    this.options = { ...testOptions, ...rest, id };
    this.members = members;
    this.disk = new TestDisk(stored(image ?? { log: "1" }, members));
    this.core = new RaftCore(this.options, this.disk.image());
    this.#drain();
  }

  get id(): NodeId {
    return this.options.id;
  }

  get status(): RaftStatus {
    return this.core.status();
  }

  /** Role and term, like `leader 3`. */
  get rank(): string {
    const { role, term } = this.status;
    return `${role} ${term}`;
  }

  step(input: Input): void {
    this.core.step(input);
    this.#drain();
  }

  /** Several inputs of one turn: no Ready is drawn between them. */
  stepTogether(...inputs: readonly Input[]): void {
    for (const input of inputs) this.core.step(input);
    this.#drain();
  }

  receive(...messages: readonly Message[]): void {
    for (const message of messages) this.step({ type: "receive", message });
  }

  tick(times: number = 1): void {
    for (let count = 0; count < times; count += 1) this.step({ type: "tick" });
  }

  propose(...bytes: readonly number[]): void {
    for (const byte of bytes) this.proposeBytes(Uint8Array.of(byte));
  }

  proposeBytes(...commands: readonly Uint8Array[]): void {
    this.step({ type: "propose", context: 0, commands });
  }

  /** Campaigns, and everybody votes for it. */
  win(): void {
    this.step({ type: "campaign" });
    const { term } = this.status;
    const ballot = { to: this.id, granted: true };
    for (const from of this.#peers()) {
      this.receive(vote({ ...ballot, from, term: term + 1, preVote: true }));
    }
    for (const from of this.#peers()) this.receive(vote({ ...ballot, from, term: term + 1 }));
    if (this.status.role !== "leader") throw new Error(`${this.id} did not win`);
  }

  /** Takes what was sent so far. */
  take(): Message[] {
    return this.sent.splice(0);
  }

  /** Takes what was sent so far and gives the messages of one type, to one peer if it is named. */
  takeOf<Type extends MessageType>(type: Type, to?: NodeId): MessageOf<Type>[] {
    return ofType(this.take(), type).filter((m) => to === undefined || m.to === to);
  }

  /** Takes what was sent so far, one line a message. */
  takeLines(to?: NodeId): string[] {
    const messages = this.take();
    return messages.filter((m) => to === undefined || m.to === to).map(show);
  }

  takeOutcomes(): Outcome[] {
    return this.outcomes.splice(0);
  }

  holdDisk(): void {
    this.diskHeld = true;
  }

  /** Completes the oldest writes that are held, one unless told otherwise; the disk stays held. */
  completeWrites(count: number = 1): void {
    for (const write of this.heldWrites.splice(0, count)) {
      this.disk.write(write);
      this.core.step({ type: "persisted", write: write.id });
      this.#drain();
    }
  }

  releaseDisk(): void {
    while (this.heldWrites.length > 0) this.completeWrites();
    this.diskHeld = false;
  }

  /** Stores a snapshot of the state as it is. */
  saveSnapshot(retainEntries: number = 0): void {
    const snapshot = this.core.snapshotMeta();
    if (snapshot === null) throw new Error("there is nothing to snapshot");
    this.disk.saveSnapshot(snapshot, [...this.state]);
    this.step({ type: "snapshotSaved", snapshot, retainEntries });
  }

  /** Applies the oldest batch that is held; more are held until told otherwise. */
  applyHeld(): void {
    this.#applyNow(this.heldBatches.shift() ?? []);
    this.#drain();
  }

  answerSnapshotRead(): void {
    const request = this.heldSnapshotReads.shift();
    if (request === undefined) throw new Error("no snapshot was asked for");
    this.step({ type: "snapshotRead", ...request, chunk: this.disk.readChunk(request) });
  }

  /** The process dies and starts again with what the disk has. */
  restart(seed: number = this.options.seed + 100): void {
    this.heldWrites.length = 0;
    this.heldSnapshotReads.length = 0;
    this.heldBatches.length = 0;
    this.sent = [];
    this.outcomes = [];
    this.applied = [];
    this.state = [];
    this.core = new RaftCore({ ...this.options, seed }, this.disk.image());
    this.#drain();
  }

  /** Carries out everything that the core asks for. */
  #drain(): void {
    while (this.core.hasReady()) this.#carryOut(this.core.ready());
  }

  #carryOut(ready: Ready): void {
    this.sent.push(...ready.messages);
    this.outcomes.push(...ready.outcomes);
    this.notes.push(...ready.notes);
    this.contacts = ready.contacts ?? this.contacts;
    for (const m of ready.messages) this.#checkAddress(m);
    if (ready.write !== null) this.#write(ready.write);
    if (ready.restore !== null) this.#restore(ready.restore.index);
    this.#apply(ready.committed);
    if (ready.compactThrough !== null) this.disk.compact(ready.compactThrough);
    this.heldSnapshotReads.push(...ready.snapshotReads);
    while (!this.snapshotReadsHeld && this.heldSnapshotReads.length > 0) {
      const request = this.heldSnapshotReads.shift()!;
      this.core.step({ type: "snapshotRead", ...request, chunk: this.disk.readChunk(request) });
    }
  }

  /** Requests go only to whom the host was told about; answers, and reads, to who came first. */
  #checkAddress({ type, to }: Message): void {
    if (type.endsWith("Response") || type === "readIndexRequest") return;
    const isKnown = this.contacts?.some((member) => member.id === to) === true;
    if (!isKnown) throw new Error(`${this.id} sends ${type} to ${to}, which is no contact`);
  }

  #write(write: Write): void {
    if (this.diskHeld) {
      this.heldWrites.push(write);
      this.mostWritesOut = Math.max(this.mostWritesOut, this.heldWrites.length);
      return;
    }
    this.disk.write(write);
    this.core.step({ type: "persisted", write: write.id });
  }

  #restore(index: LogIndex): void {
    this.state = [...(this.disk.snapshot?.bytes ?? [])];
    this.core.step({ type: "applied", index });
  }

  #apply(entries: readonly Entry[]): void {
    if (this.applyingHeld && entries.length > 0) this.heldBatches.push(entries);
    else this.#applyNow(entries);
  }

  #applyNow(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.applied.push(...entries);
    for (const { kind, data } of entries) if (kind === "command") this.state.push(data[0] ?? 0);
    this.core.step({ type: "applied", index: last.index });
  }

  #peers(): NodeId[] {
    return this.members.filter((id) => id !== this.id);
  }
}
