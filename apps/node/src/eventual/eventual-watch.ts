/**
 * Watches a node in eventual mode and makes log lines of what happens. It answers nothing, so it
 * cannot change what the node does.
 */
import type {
  EventualEvent,
  EventualObserver,
  MemberStatus,
  Note,
  Outcome,
  RefusedWhy,
} from "@counter/eventual";
import type { ReplicaEvent } from "@counter/transport-http";
import type { Logger } from "winston";

import { codeOf } from "../process/error-text.ts";
import { NowAndThen } from "../process/now-and-then.ts";
import { Replays } from "./replays.ts";

/** Two nodes that meet may refuse each other until they agree on a cluster. */
const meetingMs = 3000;
/** How long after a peer is back what is replayed is news. */
const backMs = 10_000;
/** So many are news at any time. */
const manyRecords = 1000;
/** Strangers can make up addresses: no more of them are remembered. */
const peersMax = 1024;

export interface EventualWatchParts {
  readonly log: Logger;
  readonly dataDir: string;
  /** A clock that only goes forward, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

export class EventualWatch {
  readonly #parts: EventualWatchParts;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #often: NowAndThen;
  readonly #replays: Replays;
  /** Since when peers refuse us or we them, as of another cluster. */
  readonly #foreignSince = new Map<string, number>();
  readonly #upSince = new Map<string, number>();
  #own: string | null = null;

  constructor(parts: EventualWatchParts) {
    this.#parts = parts;
    this.#log = parts.log;
    this.#now = parts.now ?? performance.now.bind(performance);
    this.#often = new NowAndThen(10_000, this.#now);
    this.#replays = new Replays(({ peer, direction }, { records, bytes, exchanges }) => {
      const what = `${records} ${records === 1 ? "record" : "records"}`;
      const text = `replayed ${what} ${direction === "out" ? "to" : "from"} ${peer}`;
      // Between nodes that never lost each other a few are only on their way by two roads.
      const isNews = records >= manyRecords || this.#isBack(peer);
      this.#log.log(isNews ? "info" : "debug", text, { bytes, exchanges });
    });
  }

  /** The id of this node: what it says of itself need not be told. */
  begin(own: string): void {
    this.#own = own;
  }

  /** The node stops: what was gathered is told. */
  end(): void {
    this.#replays.flush();
  }

  readonly observer: EventualObserver = {
    onReady: ({ notes, outcomes }) => {
      for (const note of notes) this.#onNote(note);
      for (const outcome of outcomes) this.#onOutcome(outcome);
    },
    onCheckpoint: (bytes, tookMs) => {
      this.#log.info("journal replaced by a checkpoint", { bytes, tookMs: Math.round(tookMs) });
    },
    onFatal: (error) => {
      // Orders of the cluster, which the program tells in a sentence of its own.
      if (orders.has(codeOf(error) ?? "")) return;
      this.#log.error("fatal error: the node stops", { error });
    },
  };

  /** What the observer does not see. */
  onEvent(event: EventualEvent): void {
    if (event.type !== "storageFull") return;
    const { dataDir } = this.#parts;
    if (event.full) {
      const text =
        "the disk is full: this node acknowledges nothing more until there is room, and tries again by itself. Make room: docs/runbooks/full-disk.md";
      this.#log.error(text, { dataDir });
    } else {
      this.#log.info("there is room on the disk again", { dataDir });
    }
  }

  onTransport(event: ReplicaEvent): void {
    switch (event.type) {
      case "connected":
        this.#log.debug(`connected to ${event.peer}`);
        break;
      case "failed":
        this.#onFailed(event);
        break;
      case "refused": {
        const text = `refused a request of a peer at ${event.from ?? "an unknown address"}`;
        const facts = { code: event.code, reason: event.message, times: event.count };
        // Who is early finds out by itself.
        this.#log.log(event.code === "not-ready" ? "debug" : "warn", text, facts);
        break;
      }
    }
  }

  #onFailed({ peer, kind, code, reason, message, count }: FailedEvent): void {
    const isSecret = reason === "unauthenticated" || code === "REPLICA_UNVERIFIED";
    if (isSecret) {
      // Nothing but a person helps, and here is where the file may be missing.
      const text = `${peer} does not share our secret: give all nodes the same --peer-secret-file`;
      this.#log.warn(text, { reason: message, times: count });
    } else {
      // Whether a peer is down is told once; why exchanges fail is for those who look for it.
      this.#log.debug(`${kind} with ${peer} failed`, { code, reason: message, times: count });
    }
  }

  #onNote(note: Note): void {
    const log = this.#log;
    switch (note.type) {
      case "writer": {
        const text = note.how === "minted" ? "begins a new writer" : "goes on with its writer";
        log.info(text, { writer: note.writer, why: note.why });
        break;
      }
      case "peer":
        this.#onPeer(note);
        break;
      case "cluster":
        log.info(`belongs to the cluster ${note.id}`, { why: note.why });
        break;
      case "ready":
        break; // the program says it, with how long it took
      case "replayed": {
        this.#replays.add(note);
        break;
      }
      case "snapshot": {
        const way = note.direction === "out" ? `for ${note.peer}` : `from ${note.peer}`;
        log.info(`snapshot ${way}: ${note.what}`);
        break;
      }
      case "refusedBy":
      case "refusedTo":
        this.#onRefused(note);
        break;
      case "member": {
        const { id, address, status, label } = note.member;
        const isNews = id !== this.#own && status !== "joining";
        log.log(isNews ? "info" : "debug", `${label} at ${address} ${standings[status]}`, { id });
        break;
      }
      case "keysClosed":
        log.debug(`${note.keys} keys are forgotten`, { before: new Date(note.before) });
        break;
      case "fork":
      case "conflict":
      case "duplicateIdentity":
      case "mustStop":
        this.#alarm(note);
        break;
    }
  }

  #onPeer({ address, node, up, why }: Extract<Note, { readonly type: "peer" }>): void {
    const facts = { id: node, why };
    if (!up) {
      this.#log.warn(`${address} is down`, facts);
      this.#upSince.delete(address);
      return;
    }
    this.#log.info(`${address} is up`, facts);
    for (const code of tellable) this.#often.forget(`${address} ${code}`);
    this.#foreignSince.delete(address);
    if (this.#upSince.size < peersMax) this.#upSince.set(address, this.#now());
  }

  #onRefused(note: Extract<Note, { readonly type: "refusedBy" | "refusedTo" }>): void {
    const { peer, why, type } = note;
    const text =
      type === "refusedBy"
        ? `${peer} refuses this node: ${whyRefused(why)}`
        : `refused ${peer}: ${whyRefused(why)}`;
    if (why.code === "busy" || (why.code === "foreign-cluster" && this.#isMeeting(peer))) {
      this.#log.debug(text);
      return;
    }
    const count = this.#often.count(`${peer} ${why.code}`);
    if (count > 0) this.#log.warn(text, count > 1 ? { times: count } : {});
  }

  #isBack(peer: string): boolean {
    const upSince = this.#upSince.get(peer);
    return upSince !== undefined && this.#now() - upSince < backMs;
  }

  #isMeeting(peer: string): boolean {
    const since = this.#foreignSince.get(peer) ?? this.#now();
    if (this.#foreignSince.size < peersMax) this.#foreignSince.set(peer, since);
    return this.#now() - since < meetingMs;
  }

  #alarm(
    note: Extract<Note, { readonly type: "fork" | "conflict" | "duplicateIdentity" | "mustStop" }>,
  ): void {
    const kind = note.type === "fork" ? `fork ${note.writer}` : note.type;
    const count = this.#often.count(kind);
    if (count === 0) return;
    const times = count > 1 ? { times: count } : {};
    switch (note.type) {
      case "fork":
        this.#log.error(
          `${note.peer} has other records of the writer ${note.writer} than this node: two processes wrote as one, or a disk went back in time. Nothing of it was applied, and it does not end by itself. Decide whose increments stay: docs/runbooks/alerts.md`,
          times,
        );
        break;
      case "conflict":
        this.#log.warn(
          `one Idempotency-Key stands for different additions; the first counts on all nodes`,
          { counter: note.counter, key: note.key, ...times },
        );
        break;
      case "duplicateIdentity":
        this.#log.error("a later process runs as this very node", { id: note.node, ...times });
        break;
      case "mustStop":
        // The program says in a sentence of its own what to do.
        this.#log.debug(`this node has to stop: ${note.why}`);
        break;
    }
  }

  /** Clients see these; operators should know that there are many. */
  #onOutcome(outcome: Outcome): void {
    if (outcome.type !== "refused") return;
    const why = aboutKeys.get(outcome.reason);
    if (why === undefined) return;
    const count = this.#often.count(outcome.reason);
    if (count > 0) this.#log.warn(`refused an Idempotency-Key: ${why}`, { times: count });
  }
}

type FailedEvent = Extract<ReplicaEvent, { readonly type: "failed" }>;

/** Why a node stops because others say so. */
const orders: ReadonlySet<string> = new Set(["EVENTUAL_REMOVED", "EVENTUAL_DUPLICATE_IDENTITY"]);

const standings: Readonly<Record<MemberStatus, string>> = {
  joining: "is joining",
  up: "is a member now",
  leaving: "is leaving",
  removed: "was removed",
};

const aboutKeys: ReadonlyMap<string, string> = new Map([
  ["key-reused", "it stands for another addition"],
  ["key-expired", "it is older than --idempotency-window"],
  ["key-in-future", "it was issued later than now; compare the clocks of nodes and clients"],
  ["too-many-keys", "--idempotency-max are remembered; keepsKeys in /status says who keeps them"],
]);

const tellable: readonly RefusedWhy["code"][] = [
  "foreign-cluster",
  "duplicate-identity",
  "removed",
  "fork",
  "invalid",
];

function whyRefused(why: RefusedWhy): string {
  switch (why.code) {
    case "foreign-cluster":
      return "it belongs to another cluster; give both the same --cluster-id, or the one in which nothing counts an empty --data-dir";
    case "duplicate-identity":
      return "a later process of the same node is known";
    case "removed":
      return "it was removed from the cluster";
    case "fork":
      return `there are other records of the writer ${why.writer}`;
    case "invalid":
      return `what was sent makes no sense: ${why.problem}`;
    case "busy":
      return "too much waits for the disk";
  }
}
