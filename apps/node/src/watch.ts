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

import type { Leadership } from "./engine/raft-counter.ts";
import type { LogContext } from "./logging.ts";

/** Strangers can make up names: no more of them are remembered. */
const toldMax = 1024;

export class Watch implements Leadership {
  readonly #own: NodeId;
  readonly #log: Logger;
  readonly #context: LogContext;
  readonly #onApplied: () => void;
  /** What was said already and still holds. */
  readonly #told = new Set<string>();
  /** Peers that we were connected to before. */
  readonly #met = new Set<string>();
  #leading = false;
  #leaderId: NodeId | null = null;
  #leaderKnown: (() => void)[] = [];

  constructor(parts: {
    readonly own: NodeId;
    readonly log: Logger;
    readonly context: LogContext;
    readonly onApplied: () => void;
  }) {
    this.#own = parts.own;
    this.#log = parts.log;
    this.#context = parts.context;
    this.#onApplied = parts.onApplied;
  }

  get leading(): boolean {
    return this.#leading;
  }

  get leaderId(): NodeId | null {
    return this.#leaderId;
  }

  /** What the node found on its disk, before the first note. */
  begin(status: Pick<RaftNodeStatus, "role" | "leaderId" | "term">): void {
    this.#context.term = status.term;
    this.#leading = status.role === "leader";
    this.#setLeader(status.leaderId);
  }

  /** Resolves as soon as a leader is known; at once if one is. */
  async untilLeader(): Promise<void> {
    if (this.#leaderId !== null) return;
    await new Promise<void>((resolve) => this.#leaderKnown.push(resolve));
  }

  readonly observer: RaftObserver = {
    onReady: (ready: Ready): void => {
      for (const note of ready.notes) this.#onNote(note);
    },
    onApplied: (): void => this.#onApplied(),
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
        this.#context.term = note.term;
        this.#leading = note.role === "leader";
        if (this.#leading) this.#setLeader(this.#own);
        else if (this.#leaderId === this.#own) this.#setLeader(null);
        this.#log.log(
          note.role === "leader" ? "info" : "debug",
          `${note.role} in term ${note.term}`,
          {
            why: note.why,
          },
        );
        break;
      case "leader":
        this.#context.term = note.term;
        this.#setLeader(note.leaderId);
        this.#log.info(leaderText(note.leaderId, this.#own));
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
        // Before the first connection it has probably not been started yet.
        this.#tellOnce(event.peer, this.#met.has(event.peer) ? "warn" : "info", {
          text: `${event.peer} cannot be reached; trying on`,
          reason: event.reason,
        });
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

  #connected({ peer, direction }: Extract<TransportEvent, { type: "connected" }>): void {
    this.#met.add(peer);
    for (const what of this.#told) {
      if (what === peer || what.startsWith(`${peer} `)) this.#told.delete(what);
    }
    this.#log.log(direction === "dialled" ? "info" : "debug", `connected to ${peer}`);
  }

  #refused({ by, peer, code, message }: Extract<TransportEvent, { type: "refused" }>): void {
    const who = peer ?? "a stranger";
    const text = by === "us" ? `refused ${who}: ${code}` : `${who} refuses us: ${code}`;
    // These pass by themselves; all the others need a person.
    const level = code === "not-ready" || code === "busy" ? "debug" : "warn";
    this.#tellOnce(`${who} ${by} ${code}`, level, { text, reason: message });
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
    if (leaderId === null) return;
    const waiting = this.#leaderKnown;
    this.#leaderKnown = [];
    for (const resolve of waiting) resolve();
  }
}

function leaderText(leaderId: NodeId | null, own: NodeId): string {
  if (leaderId === null) return "no leader is known";
  return leaderId === own ? "this node leads" : `the leader is ${leaderId}`;
}

function idText({ index, term }: EntryId): string {
  return `${index}@${term}`;
}

function membershipText({ voters, outgoing, learners }: Configuration): string {
  const change = outgoing.length > 0 ? `, on the way from ${outgoing.join(" ")}` : "";
  const learning = learners.length > 0 ? `; learning: ${learners.join(" ")}` : "";
  return `the cluster has the voters ${voters.join(" ")}${change}${learning}`;
}
