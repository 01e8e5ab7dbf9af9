/**
 * The host of a {@link Candidacy}: its clock, its die, its file, its questions over HTTP, and what
 * gossip tells. Members of a cluster answer here as well: they say what was decided.
 */
import { randomBytes } from "node:crypto";

import type { Logger } from "winston";

import { ask as askOpenly, type Ask } from "../membership/asking.ts";
import type { RaftConfig } from "../config/node-config.ts";
import type { FirstStart } from "../data-dir/data-dir.ts";
import type { Identity } from "../data-dir/identity.ts";
import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import type { NodeGossip } from "../gossip/node-gossip.ts";
import type { NodeTags } from "../gossip/node-tags.ts";
import { Problem } from "../http/problems.ts";
import { NowAndThen } from "../process/now-and-then.ts";
import { BootstrapFile } from "./bootstrap-file.ts";
import { Candidacy } from "./candidacy.ts";
import type { BootstrapDesk } from "./routes.ts";
import { firstMembersOf } from "./rules.ts";
import { sightingsIn } from "./sightings.ts";
import type { Answer, Beginning, Candidate, Effect, Input, Question, Timing } from "./types.ts";
import { answerIn, requestOf } from "./wire.ts";

const tickMs = 100;
/** Longest wait for the answer to one question, a write of another node included. */
const askTimeoutMs = 3000;
/** Between two looks at seeds that gossip has not found: until then nothing can begin. */
const seedLookupMs = 1000;
/** What is waited for so long is told. */
const tellAfterMs = 1000;
/** Between two lines that say the same. */
const tellEveryMs = 30_000;

export interface BootstrapParts {
  readonly config: Pick<
    RaftConfig,
    "address" | "bootstrapExpect" | "clusterName" | "dataDir" | "join"
  >;
  readonly gossip: Pick<NodeGossip, "begin" | "members" | "service">;
  readonly log: Logger;
  /** How other nodes are asked; default: in the clear. */
  readonly ask?: Ask;
  /** Tests make it shorter. */
  readonly timing?: Timing;
}

/** While this node is a candidate. */
interface Running {
  readonly own: Candidate;
  readonly core: Candidacy;
  readonly file: BootstrapFile;
  readonly onBegin: (beginning: Beginning) => void;
  readonly onFailed: (error: unknown) => void;
}

export class Bootstrap implements BootstrapDesk {
  readonly #parts: BootstrapParts;
  readonly #ending = new AbortController();
  readonly #told = new NowAndThen(tellEveryMs);
  readonly #callers = new Map<number, (answer: Answer) => void>();
  #running: Running | null = null;
  #identity: Identity | null = null;
  #via: readonly string[] = [];
  #joins = false;
  #calls = 0;
  #waiting: string | null = null;
  #waitingSinceMs = 0;
  #toldLast = "";

  constructor(parts: BootstrapParts) {
    this.#parts = parts;
  }

  /** What is missing before there is a cluster, for people; `null` if this is no candidate. */
  get waiting(): string | null {
    return this.#identity === null ? this.#waiting : null;
  }

  /** Where the cluster was found that this node is of. */
  get via(): readonly string[] {
    return this.#via;
  }

  /**
   * Looks for the others until there is a cluster: one that they agree on, or one that was there.
   *
   * @throws StartError if the data directory or the gossip cannot be used; rejects after {@link end}
   */
  async find(expect: number): Promise<FirstStart> {
    const { config, timing } = this.#parts;
    const { signal } = this.#ending;
    const file = await BootstrapFile.open(config.dataDir, config.address);
    const { pledge, ...own } = file.kept;
    const options = { own, expect, seeds: config.join, pledge };
    const core = new Candidacy({ ...options, ...(timing === undefined ? {} : { timing }) });
    await this.#gossip(own, expect);
    const begun = new Promise<Beginning>((onBegin, onFailed) => {
      this.#running = { own, core, file, onBegin, onFailed };
      const stopped = new Error("the node stops before there is a cluster");
      signal.addEventListener("abort", () => onFailed(stopped), { once: true });
      if (signal.aborted) onFailed(stopped);
    });
    const ticking = setInterval(() => this.#tick(core), tickMs);
    const looking = new AbortController();
    try {
      this.#look(looking.signal);
      const beginning = await begun;
      return { directoryId: own.directoryId, beginning: this.#resolved(beginning) };
    } finally {
      clearInterval(ticking);
      looking.abort();
    }
  }

  /** This node waits for a cluster to join, and is no candidate: nobody need wait for its word. */
  joins(): void {
    this.#joins = true;
  }

  /** What this directory is, is on the disk: whoever asks may rely on it. */
  begun(identity: Identity): void {
    this.#identity = identity;
    this.#step({ type: "begun", clusterId: identity.clusterId });
  }

  /** Nothing is asked any more. */
  end(): void {
    this.#ending.abort();
  }

  describe(about: string | null): Readonly<Record<string, unknown>> {
    const { clusterName: name, address, bootstrapExpect } = this.#parts.config;
    const { directoryId, clusterId, state, fate } = this.#facts(about);
    return {
      directoryId,
      address,
      mode: "raft",
      name,
      expect: state === "member" ? null : bootstrapExpect,
      state,
      clusterId,
      proposal: about === null ? null : { id: about, fate },
      waiting: this.waiting,
    };
  }

  answer(question: Exclude<Question, { readonly kind: "state" }>): Promise<Answer> {
    const clusterId = this.#identity?.clusterId;
    if (this.#running === null && clusterId !== undefined) {
      return Promise.resolve({ kind: "no", reason: `it is of the cluster ${clusterId} already` });
    }
    if (this.#running === null) throw new Problem("starting", "this node is no candidate yet");
    this.#calls += 1;
    const context = this.#calls;
    return new Promise((resolve) => {
      this.#callers.set(context, resolve);
      this.#step({ type: "asked", context, question });
    });
  }

  #facts(about: string | null): {
    readonly directoryId: string | null;
    readonly clusterId: string | null;
    readonly state: string;
    readonly fate: string;
  } {
    if (this.#identity !== null) {
      const { directoryId, clusterId } = this.#identity;
      const fate = about === clusterId ? "decided" : "notHere";
      return { directoryId, clusterId, state: "member", fate };
    }
    if (this.#joins) {
      return { directoryId: null, clusterId: null, state: "joining", fate: "notHere" };
    }
    if (this.#running === null) throw new Problem("starting", "this node is no candidate yet");
    const { own, core } = this.#running;
    const state = core.state.pledge === null ? "candidate" : "pledged";
    const fate = about === null ? "notHere" : core.fateOf(about);
    return { directoryId: own.directoryId, clusterId: null, state, fate };
  }

  async #gossip({ directoryId, address }: Candidate, expect: number): Promise<void> {
    const { gossip, config } = this.#parts;
    const tags: NodeTags = {
      mode: "raft",
      http: address,
      id: null,
      cluster: null,
      name: config.clusterName,
      expect,
      dir: directoryId,
      state: "candidate",
    };
    await gossip.begin({ directoryId, tags: () => tags, seedLookupMs });
    if (gossip.service !== null) return;
    const text = "--bootstrap-expect finds the others by gossip, and there is none";
    throw new StartError(exitCodes.badConfig, text);
  }

  #look(signal: AbortSignal): void {
    const { gossip, config, log } = this.#parts;
    const follow = async (): Promise<void> => {
      const changes = gossip.service?.changes(signal);
      while ((await changes?.next())?.done === false) {
        this.#step({ type: "seen", view: sightingsIn(gossip.members(), config.clusterName) });
      }
    };
    follow().catch((error: unknown) => log.error("gossip is not followed", { error }));
  }

  #tick(core: Candidacy): void {
    const { clusterName } = this.#parts.config;
    const random = randomBytes(16).toString("hex");
    const freshId = clusterName === null ? random : `${clusterName}~${random.slice(0, 16)}`;
    this.#step({ type: "tick", freshId });
    this.#wait(core.waiting(performance.now()));
  }

  #step(input: Input): void {
    const running = this.#running;
    if (running === null) return;
    for (const effect of running.core.step(input, performance.now())) {
      this.#carryOut(running, effect);
    }
  }

  #carryOut(running: Running, effect: Effect): void {
    switch (effect.type) {
      case "ask":
        return void this.#ask(effect);
      case "answer":
        this.#callers.get(effect.context)?.(effect.answer);
        this.#callers.delete(effect.context);
        return;
      case "write":
        running.file.write(effect.pledge).then(
          () => this.#step({ type: "persisted", write: effect.write }),
          (error: unknown) => {
            const text = `the pledge cannot be written down: ${messageOf(error)}`;
            running.onFailed(new StartError(exitCodes.fatal, text, { cause: error }));
          },
        );
        return;
      case "begin":
        return running.onBegin(effect.beginning);
      case "note":
        this.#parts.log.info(effect.text);
    }
  }

  async #ask(effect: Extract<Effect, { readonly type: "ask" }>): Promise<void> {
    const { address, question } = effect;
    const { signal } = this.#ending;
    const { ask = askOpenly } = this.#parts;
    let answer: Answer | null = null;
    try {
      const found = await ask(address, requestOf(question), { signal, timeoutMs: askTimeoutMs });
      answer = answerIn(found, question, this.#parts.config.clusterName);
    } catch (error) {
      if (signal.aborted) return;
      this.#parts.log.debug(`${address} ${messageOf(error)}`);
    }
    this.#step({ type: "answered", ask: effect.ask, answer });
  }

  #resolved(beginning: Beginning): FirstStart["beginning"] {
    if (beginning.kind === "join") {
      this.#via = [beginning.via];
      return { kind: "join", clusterId: beginning.clusterId };
    }
    const { proposal } = beginning;
    this.#via = proposal.participants.map(({ address }) => address);
    const members = firstMembersOf(proposal);
    const { clusterId } = proposal;
    this.#parts.log.info(`a cluster of ${members.length} is decided on: ${members.join(", ")}`, {
      clusterId,
    });
    return { kind: "decided", clusterId, members };
  }

  /** What lasts is told; most of it is over before anybody could read it. */
  #wait(text: string): void {
    const now = performance.now();
    if (text !== this.#waiting) this.#waitingSinceMs = now;
    this.#waiting = text;
    if (text === this.#toldLast || now - this.#waitingSinceMs < tellAfterMs) return;
    if (this.#told.count(text) > 0) this.#parts.log.info(text);
    this.#toldLast = text;
  }
}
