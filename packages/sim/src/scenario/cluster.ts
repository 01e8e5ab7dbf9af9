/**
 * The cluster of a scenario: nothing happens by itself, nothing is random. Messages wait until they
 * are delivered or dropped; writes are durable at once unless a disk is held or full. All invariants
 * are checked, as in a simulation.
 */
import { bootstrap, defaultRaftOptions } from "@counter/raft";
import type { Entry, Message, NodeId, PersistedState, RaftOptions } from "@counter/raft";
import { encodeText } from "../counter-workload.ts";
import { Coverage } from "../coverage.ts";
import { describeMessage } from "../describe.ts";
import { Invariants } from "../invariants.ts";
import { memberOf } from "./changes.ts";
import { ScenarioServer } from "./server.ts";
import type { Surroundings } from "./server.ts";
import { clusterTable, membersTable } from "./tables.ts";

/** Most messages that may be in flight in a scenario. */
export const inFlightMax: number = 1000;
/** Rounds of delivery before a scenario is taken to talk for ever. */
export const roundsMax: number = 200;

export type ClusterOptions = Partial<Omit<RaftOptions, "id" | "seed">>;

export class ScenarioCluster {
  readonly #servers: ScenarioServer[] = [];
  readonly #around: Surroundings;
  readonly #print: (line: string) => void;
  readonly #invariants: Invariants;
  readonly #cuts = new Set<string>();
  readonly #copies = new Map<string, readonly Message[]>();
  #inFlight: Message[] = [];
  #begun = false;

  constructor(count: number, options: ClusterOptions, print: (line: string) => void) {
    this.#print = print;
    const raft: RaftOptions = { ...defaultRaftOptions, ...options, id: "", seed: 0 };
    const ids = Array.from({ length: count }, (_, i) => `n${i + 1}`);
    const initial = bootstrap(ids.map(memberOf));
    const send = (message: Message): void => this.#send(message);
    this.#around = { raft, print, send, invariants: () => this.#invariants };
    for (const id of ids) this.#add(id, initial);
    this.#invariants = new Invariants({ views: this.#servers, raft, coverage: new Coverage() });
  }

  get ids(): readonly NodeId[] {
    return this.#servers.map(({ id }) => id);
  }

  /** @throws {RangeError} if there is no such server */
  server(id: NodeId): ScenarioServer {
    const server = this.#servers.find((known) => known.id === id);
    if (server === undefined) throw new RangeError(`there is no server ${id}`);
    return server;
  }

  /** A server with an empty disk that belongs to nobody yet. */
  addJoiner(id: NodeId): void {
    if (!/^n\d+$/.test(id))
      throw new RangeError(`a server is called n1, n2 and so on, not "${id}"`);
    if (this.ids.includes(id)) throw new RangeError(`there is a server ${id} already`);
    const hardState = { term: 0, vote: null, commitIndex: 0 };
    const joiner = this.#add(id, { hardState, snapshot: null, entries: [] });
    if (this.#begun) joiner.start();
  }

  #add(id: NodeId, initial: PersistedState): ScenarioServer {
    const server = new ScenarioServer(id, this.#servers.length, initial, this.#around);
    this.#servers.push(server);
    return server;
  }

  /**
   * Gives a server a log before its first start: the terms of its entries, as the paper writes.
   *
   * @param term - the term it has reached; by default the last one of its log
   */
  setLog(id: NodeId, terms: readonly number[], term: number | null): void {
    const server = this.server(id);
    const first = server.log.at(1);
    if (terms[0] !== 1 || first === null)
      throw new RangeError("every log begins with the configuration, 1@1");
    const rest = terms.slice(1).map((term, i): Entry => {
      return { index: i + 2, term, kind: "command", data: encodeText(`${i + 2}@${term}`) };
    });
    const last = Math.max(...terms);
    if (term !== null && term < last) throw new RangeError("a term is not below those of the log");
    const hardState = { term: term ?? last, vote: null, commitIndex: 0 };
    const entries = [first, ...rest];
    server.prepare({ hardState, snapshot: null, entries });
  }

  /** Starts everybody, once. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#invariants.begin();
    for (const server of this.#servers) server.start();
  }

  cut(from: NodeId, to: NodeId): void {
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

  /** Remembers copies of what is in flight, to be delivered at any later time. */
  copy(name: string, isMeant: (message: Message) => boolean): void {
    const copies = this.#inFlight.filter(isMeant);
    if (copies.length === 0) throw new RangeError("nothing of that is in flight");
    this.#copies.set(name, copies);
  }

  /** Delivers copies, as often as it is asked for. */
  replay(name: string): void {
    const copies = this.#copies.get(name);
    if (copies === undefined) throw new RangeError(`nothing was copied as ${name}`);
    for (const message of copies) this.deliver(message);
  }

  /** So many ticks of everybody; after each of them all messages are delivered, and not shown. */
  pass(ticks: number): void {
    for (let at = 0; at < ticks; at += 1) {
      for (const server of this.#servers) if (server.isUp) server.tick();
      this.deliverAll({ show: false });
    }
  }

  /** Delivers until nobody has anything to say. */
  deliverAll({ show = true }: { readonly show?: boolean } = {}): void {
    for (let round = 0; this.#inFlight.length > 0; round += 1) {
      if (round >= roundsMax) throw new RangeError("the cluster talks for ever");
      for (const message of this.take(() => true)) this.deliver(message, { show });
    }
  }

  deliver(message: Message, { show = true }: { readonly show?: boolean } = {}): void {
    const server = this.#servers.find(({ id }) => id === message.to);
    if (this.#cuts.has(`${message.from} ${message.to}`) || server?.isUp !== true) return;
    if (show) this.#print(`${message.from} -> ${message.to}  ${describeMessage(message)}`);
    server.receive(message);
  }

  table(): readonly string[] {
    return clusterTable(this.#servers);
  }

  membersTable(): readonly string[] {
    return membersTable(this.#servers);
  }

  #send(message: Message): void {
    if (this.#cuts.has(`${message.from} ${message.to}`)) return;
    if (this.#inFlight.length >= inFlightMax) throw new RangeError("too many messages in flight");
    this.#inFlight.push(message);
  }
}
