/**
 * Watches the Raft node and its transport: makes log lines of what happens and remembers who leads.
 * It answers nothing, so it cannot change what they do.
 */
import type {
  Configuration,
  EntryId,
  NodeId,
  Note,
  RaftNodeStatus,
  RaftObserver,
  Ready,
} from "@counter/raft";
import type { TransportEvent } from "@counter/transport-http";
import type { Logger } from "winston";

import type { Leadership } from "../engine/raft-host.ts";
import type { LogContext } from "../process/logging.ts";

/** Strangers can make up names: no more of them are remembered. */
const toldMax = 1024;
/** An election takes about a second: nobody has to know of those that succeed. */
const absenceMs = 3000;
/** How long the others may take to start, once this node has, before anybody is told. */
const quietMs = 5000;

export interface WatchParts {
  readonly log: Logger;
  readonly context: LogContext;
  readonly onApplied: () => void;
  /** There may be a leader now where there was none, or another one. */
  readonly onChange: () => void;
  /** What is missing while there is no leader, for people. */
  readonly waiting: () => string;
  /** A clock that only goes forward, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

export class Watch implements Leadership {
  /** Our id, once it is known. */
  #own: NodeId | null = null;
  readonly #log: Logger;
  readonly #parts: WatchParts;
  /** What was said already and still holds. */
  readonly #told = new Set<string>();
  /** Peers that we were connected to before. */
  readonly #met = new Set<string>();
  #leading = false;
  #leaderId: NodeId | null = null;
  #leaderKnown: (() => void)[] = [];
  /** Runs while no leader is known. */
  #absence: NodeJS.Timeout | null = null;
  #ended = false;
  #begunAt = 0;

  constructor(parts: WatchParts) {
    this.#log = parts.log;
    this.#parts = parts;
  }

  get leading(): boolean {
    return this.#leading;
  }

  get leaderId(): NodeId | null {
    return this.#leaderId;
  }

  /** What the node found on its disk, before it hears anything. */
  begin(status: Pick<RaftNodeStatus, "id" | "role" | "leaderId" | "term">): void {
    this.#own = status.id;
    this.#begunAt = this.#now();
    this.#parts.context.term = status.term;
    this.#leading = status.role === "leader";
    this.#setLeader(status.leaderId);
  }

  /** Resolves as soon as a leader is known; at once if one is. */
  async untilLeader(): Promise<void> {
    if (this.#leaderId !== null) return;
    await new Promise<void>((resolve) => this.#leaderKnown.push(resolve));
  }

  /** The node stops: nobody is missed any more. */
  end(): void {
    this.#ended = true;
    this.#timeAbsence();
  }

  #now(): number {
    return (this.#parts.now ?? performance.now.bind(performance))();
  }

  readonly observer: RaftObserver = {
    onReady: (ready: Ready): void => {
      for (const note of ready.notes) this.#onNote(note);
    },
    onApplied: (): void => this.#parts.onApplied(),
    onSnapshotSaved: (snapshot: EntryId, tookMs: number): void => {
      this.#log.info(`snapshot saved at ${idText(snapshot)}`, { tookMs: Math.round(tookMs) });
    },
    onFatal: (error: Error): void => {
      this.#leading = false;
      this.#setLeader(null);
      this.#log.error("fatal error: the node stops", { error });
    },
  };

  #onNote(note: Note): void {
    switch (note.type) {
      case "role":
        this.#onRole(note);
        break;
      case "leader":
        this.#parts.context.term = note.term;
        if (note.leaderId === null) this.#log.debug("no leader is known");
        else if (note.leaderId !== this.#own) this.#log.info(`the leader is ${note.leaderId}`);
        this.#setLeader(note.leaderId);
        break;
      case "truncated":
        this.#log.warn(`entries ${note.from}-${note.through} were replaced by the leader's`);
        break;
      case "snapshotNeeded":
        this.#log.info(`${note.peer} is far behind and gets a snapshot`, { index: note.index });
        break;
      case "snapshotInstalled":
        this.#log.info(`snapshot installed at ${idText(note.snapshot)}`);
        break;
      case "transfer":
        this.#log.info(`handing leadership over to ${note.to ?? "anyone"}: ${note.why}`);
        this.#parts.onChange(); // given up, perhaps: this node may serve on
        break;
      case "configuration":
        if (note.committed) this.#log.info(membershipText(note.configuration));
        break;
      case "promoted":
        this.#log.info(`${note.peer} has caught up and becomes a voter`);
        break;
      case "removed":
        this.#log.warn("this node was removed from the cluster");
        break;
      case "voteRefused":
        this.#log.debug(`no vote for ${note.to}`, { why: note.why });
        break;
      case "dropped":
        if (!this.#log.isDebugEnabled()) break;
        this.#log.debug(`dropped ${note.message.type} of ${note.message.from}`, { why: note.why });
        break;
    }
  }

  #onRole({ role, term, why }: Extract<Note, { readonly type: "role" }>): void {
    this.#parts.context.term = term;
    this.#leading = role === "leader";
    if (this.#leading) this.#log.info("this node leads", { why });
    else this.#log.debug(`${role} in term ${term}`, { why });
    if (this.#leading) this.#setLeader(this.#own);
    else if (this.#leaderId === this.#own) this.#setLeader(null);
  }

  onTransport(event: TransportEvent): void {
    switch (event.type) {
      case "connected":
        this.#connected(event);
        break;
      case "disconnected": {
        const level = event.direction === "dialled" ? "info" : "debug";
        this.#log.log(level, `connection to ${event.peer} ended`, { reason: event.reason });
        break;
      }
      case "dialFailed":
        this.#dialFailed(event);
        break;
      case "refused":
        this.#refused(event);
        break;
      case "badAddress":
        this.#log.error(`the address of ${event.peer} cannot be dialled`, {
          address: event.address,
        });
        break;
      case "ignored":
        this.#tellOnce(`${event.peer} ${event.reason}`, "warn", {
          text: `ignoring messages of ${event.peer}`,
          reason: event.reason,
        });
        break;
      case "dropped":
        this.#log.debug(`dropped ${event.count} messages to ${event.peer}`, {
          reason: event.reason,
        });
        break;
    }
  }

  #dialFailed({ peer, reason }: Extract<TransportEvent, { type: "dialFailed" }>): void {
    const met = this.#met.has(peer);
    // Before the first connection it has probably not been started yet.
    if (!met && this.#now() - this.#begunAt < quietMs)
      return this.#debug(`no connection to ${peer} yet`, reason);
    const text = `${peer} cannot be reached; trying on`;
    this.#tellOnce(peer, met ? "warn" : "info", { text, reason });
  }

  #connected({ peer, direction }: Extract<TransportEvent, { type: "connected" }>): void {
    this.#met.add(peer);
    for (const what of this.#told) {
      if (what === peer || what.startsWith(`${peer} `)) this.#told.delete(what);
    }
    this.#log.log(direction === "dialled" ? "info" : "debug", `connected to ${peer}`);
    this.#parts.onChange(); // who leads may be reachable again
  }

  #refused({ by, peer, code, message }: Extract<TransportEvent, { type: "refused" }>): void {
    const who = peer ?? "a stranger";
    // What others say of us is told in whole sentences, with what to do (refusals.ts).
    if (by === "them") return this.#debug(`${who} refuses us: ${code}`, message);
    this.#tellOnce(`${who} ${code}`, levelOf(code), {
      text: `refused ${who}: ${code}`,
      reason: message,
    });
  }

  #debug(text: string, reason: string): void {
    this.#log.debug(text, { reason });
  }

  /** What stays wrong would fill the log: only its first sign is shown, until it is mended. */
  #tellOnce(
    what: string,
    level: "debug" | "info" | "warn",
    { text, reason }: { readonly text: string; readonly reason: string },
  ): void {
    this.#log.log(this.#told.has(what) ? "debug" : level, text, { reason });
    if (this.#told.size < toldMax) this.#told.add(what);
  }

  #setLeader(leaderId: NodeId | null): void {
    this.#leaderId = leaderId;
    this.#timeAbsence();
    this.#parts.onChange();
    if (leaderId === null) return;
    const waiting = this.#leaderKnown;
    this.#leaderKnown = [];
    for (const resolve of waiting) resolve();
  }

  /** Only an absence that lasts is worth a warning. */
  #timeAbsence(): void {
    const absent = this.#leaderId === null && !this.#ended;
    if (absent) {
      this.#absence ??= setTimeout(() => this.#missLeader(), absenceMs);
      return;
    }
    if (this.#absence !== null) clearTimeout(this.#absence);
    this.#absence = null;
  }

  #missLeader(): void {
    const seconds = absenceMs / 1000;
    this.#log.warn(`no leader for ${seconds} s: ${this.#parts.waiting()}`);
  }
}

/** How loud a refusal by this node is: who is refused says it in whole sentences. */
function levelOf(
  code: Extract<TransportEvent, { type: "refused" }>["code"],
): "debug" | "info" | "warn" {
  if (code === "not-ready" || code === "busy") return "debug"; // these pass by themselves
  // Whoever has taken the place of another one is called by that one's name for a while.
  return code === "wrong-node" ? "info" : "warn";
}

function idText({ index, term }: EntryId): string {
  return `${index}@${term}`;
}

function membershipText({ voters, outgoing, learners }: Configuration): string {
  const change = outgoing.length > 0 ? `, on the way from ${outgoing.join(" ")}` : "";
  const learning = learners.length > 0 ? `; learning: ${learners.join(" ")}` : "";
  return `the cluster has the voters ${voters.join(" ")}${change}${learning}`;
}
