/**
 * The cluster of a scenario: nothing happens by itself, nothing is random. Messages wait until they
 * are delivered or dropped; writes are durable at once unless a disk is held. All invariants are
 * checked, as in a simulation.
 */
import { RaftCore, bootstrap, defaultRaftOptions } from "@counter/raft";
import type { Entry, Input, Message, RaftOptions, RaftStatus, Ready, Write } from "@counter/raft";
import { Coverage } from "../coverage.ts";
import { describeEntries, describeMessage, describeNote, describeWrite } from "../describe.ts";
import { applyOperation, imageOf } from "../disk-image.ts";
import type { DiskImage } from "../disk-image.ts";
import { decodeText, encodeText } from "../counter-workload.ts";
import { Invariants } from "../invariants.ts";
import type { LogImage } from "../log-image.ts";
import type { ServerView } from "../server-view.ts";

/** Most messages that may be in flight in a scenario. */
export const inFlightMax: number = 1000;

interface Host extends ServerView {
  image: DiskImage;
  log: LogImage;
  status: RaftStatus | null;
  core: RaftCore | null;
  isHeld: boolean;
  pending: Write[];
  appliedIndex: number;
}

export type ClusterOptions = Partial<Omit<RaftOptions, "id" | "seed">>;

export class ScenarioCluster {
  readonly #hosts: Host[];
  readonly #raft: RaftOptions;
  readonly #invariants: Invariants;
  readonly #print: (line: string) => void;
  #inFlight: Message[] = [];
  #cuts = new Set<string>();
  #nextContext = 1;

  constructor(count: number, options: ClusterOptions, print: (line: string) => void) {
    this.#print = print;
    this.#raft = { ...defaultRaftOptions, ...options, id: "", seed: 0 };
    const ids = Array.from({ length: count }, (_, i) => `n${i + 1}`);
    const initial = bootstrap(ids.map((id) => ({ id, address: `${id}:1` })));
    this.#hosts = ids.map((id, position) => {
      const image = imageOf(initial);
      const log = image.log.clone();
      const isHeld = false;
      return {
        id,
        position,
        image,
        lost: null,
        log,
        status: null,
        core: null,
        isHeld,
        pending: [],
        appliedIndex: 0,
      };
    });
    const coverage = new Coverage();
    this.#invariants = new Invariants({ views: this.#hosts, raft: this.#raft, coverage });
  }

  get ids(): readonly string[] {
    return this.#hosts.map(({ id }) => id);
  }

  /** Gives a server a log before its first start: the terms of its entries, as the paper writes. */
  setLog(id: string, terms: readonly number[]): void {
    const host = this.#host(id);
    if (host.core !== null) throw new RangeError(`${id} has started already`);
    const first = host.image.log.entries[0]!;
    if (terms[0] !== 1) throw new RangeError("every log begins with the configuration, 1@1");
    const rest = terms.slice(1).map((term, i): Entry => {
      return { index: i + 2, term, kind: "command", data: encodeText(`${i + 2}@${term}`) };
    });
    const term = Math.max(...terms);
    const hardState = { term, vote: null, commitIndex: 0 };
    host.image = imageOf({ hardState, snapshot: null, entries: [first, ...rest] });
    host.log = host.image.log.clone();
  }

  /** Starts what has not started yet. */
  begin(): void {
    if (this.#hosts.some(({ core, status }) => core !== null || status !== null)) return;
    this.#invariants.begin();
    for (const host of this.#hosts) this.#start(host);
  }

  step(id: string, input: Input): void {
    const host = this.#host(id);
    if (host.core === null) throw new RangeError(`${id} is down`);
    host.core.step(input);
    this.#pump(host);
  }

  propose(id: string, text: string): void {
    this.step(id, { type: "propose", context: this.#context(), commands: [encodeText(text)] });
  }

  read(id: string): void {
    this.step(id, { type: "read", context: this.#context() });
  }

  crash(id: string): void {
    const host = this.#host(id);
    const lost = host.pending.length;
    host.core = null;
    host.status = null;
    host.pending = [];
    this.#invariants.onCrash(host);
    this.#print(
      `${id}  crashes${lost > 0 ? `; writes that its disk had not finished: ${lost}` : ""}`,
    );
  }

  restart(id: string): void {
    const host = this.#host(id);
    if (host.core !== null) throw new RangeError(`${id} is up`);
    host.isHeld = false;
    this.#start(host);
  }

  holdDisk(id: string): void {
    this.#host(id).isHeld = true;
  }

  /** Makes waiting writes durable, at most `count`. */
  persist(id: string, count: number = Infinity): void {
    const host = this.#host(id);
    for (let i = 0; i < count && host.pending.length > 0; i += 1) this.#complete(host);
  }

  releaseDisk(id: string): void {
    this.#host(id).isHeld = false;
    this.persist(id);
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** Takes the messages out of flight that this is about; the others stay. */
  take(isMeant: (message: Message) => boolean): readonly Message[] {
    const taken = this.#inFlight.filter(isMeant);
    this.#inFlight = this.#inFlight.filter((message) => !taken.includes(message));
    return taken;
  }

  get inFlight(): readonly Message[] {
    return this.#inFlight;
  }

  deliver(message: Message): void {
    const host = this.#host(message.to);
    if (this.#cuts.has(`${message.from} ${message.to}`) || host.core === null) return;
    this.#print(`${message.from} -> ${message.to}  ${describeMessage(message)}`);
    host.core.step({ type: "receive", message });
    this.#pump(host);
  }

  /** The cluster as a table; logs are the terms of their entries. */
  table(): readonly string[] {
    const rows = this.#hosts.map((host) => {
      const terms = host.log.entries.map(({ term }) => term).join(" ");
      const { status } = host;
      if (status === null) return [host.id, "down", "", "", "", terms];
      const { role, term, vote, commitIndex } = status;
      return [host.id, role, `t${term}`, vote ?? "-", String(commitIndex), terms];
    });
    const header = ["", "role", "term", "vote", "commit", "log"];
    const widths = header.map((_, c) =>
      Math.max(...[header, ...rows].map((row) => row[c]!.length)),
    );
    return [header, ...rows].map((row) =>
      row
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join("  ")
        .trimEnd(),
    );
  }

  #start(host: Host): void {
    const { hardState, snapshot, log } = host.image;
    host.log = log.clone();
    host.appliedIndex = snapshot?.meta.index ?? 0;
    const persisted = { hardState, snapshot: snapshot?.meta ?? null, entries: [...log.entries] };
    const options = { ...this.#raft, id: host.id, seed: host.position + 1 };
    host.core = new RaftCore(options, persisted);
    this.#pump(host);
  }

  #pump(host: Host): void {
    for (;;) {
      const { core } = host;
      if (core === null) return;
      const before = host.status;
      host.status = core.status();
      this.#invariants.onStatus(host, before, host.status);
      if (!core.hasReady()) return;
      this.#carryOut(host, core.ready());
    }
  }

  #carryOut(host: Host, ready: Ready): void {
    const print = (what: string): void => this.#print(`${host.id}  ${what}`);
    for (const note of ready.notes) print(describeNote(note));
    for (const message of ready.messages) this.#send(host, message);
    for (const outcome of ready.outcomes) {
      if (outcome.type === "readReady") print(`may read at ${outcome.index}`);
      if (outcome.type === "proposalRefused" || outcome.type === "readRefused") {
        print(`refuses: ${outcome.refusal.reason}`);
      }
    }
    if (ready.committed.length > 0) {
      this.#invariants.onCommitted(host, ready.committed, host.appliedIndex);
      host.appliedIndex = ready.committed[ready.committed.length - 1]!.index;
      print(`commits ${describeEntries(ready.committed)}${textOf(ready.committed)}`);
      host.core!.step({ type: "applied", index: host.appliedIndex });
    }
    if (ready.write !== null) this.#write(host, ready.write);
  }

  #write(host: Host, write: Write): void {
    this.#invariants.onWrite(host, write, host.status!);
    if (write.entries.length > 0) host.log.replaceTail(write.entries);
    host.pending.push(write);
    if (host.isHeld) this.#print(`${host.id}  waits for its disk: ${describeWrite(write)}`);
    else this.#complete(host);
  }

  #complete(host: Host): void {
    const write = host.pending.shift()!;
    const operation = { type: "write", write } as const;
    this.#invariants.onDurable(host, operation, applyOperation(host.image, operation));
    if (host.isHeld) this.#print(`${host.id}  its disk has ${describeWrite(write)}`);
    host.core!.step({ type: "persisted", write: write.id });
    this.#pump(host);
  }

  #send(host: Host, message: Message): void {
    this.#invariants.onMessage(host, message);
    if (this.#cuts.has(`${message.from} ${message.to}`)) return;
    if (this.#inFlight.length >= inFlightMax) throw new RangeError("too many messages in flight");
    this.#inFlight.push(message);
  }

  #context(): number {
    this.#nextContext += 1;
    return this.#nextContext;
  }

  #host(id: string): Host {
    const host = this.#hosts.find((known) => known.id === id);
    if (host === undefined) throw new RangeError(`there is no server ${id}`);
    return host;
  }
}

function textOf(entries: readonly Entry[]): string {
  const commands = entries.filter(({ kind }) => kind === "command");
  return commands.length === 0
    ? ""
    : `  (${commands.map(({ data }) => decodeText(data)).join(", ")})`;
}
