/** The nouns of forming a cluster by discovery, and everything that goes in and out of the core. */

/** 128 random bits in hexadecimal, made with a data directory. */
export type DirectoryId = string;

/** A node that could be a member of the first configuration. */
export interface Candidate {
  readonly directoryId: DirectoryId;
  /** `host:port` for clients and peers. */
  readonly address: string;
}

/** What a coordinator proposes, and participants pledge themselves to. */
export interface Proposal {
  /** Random, made for this proposal alone; the id of the cluster if it is decided. */
  readonly clusterId: string;
  /** How many members the first configuration has. */
  readonly expect: number;
  /** Everybody whom the coordinator saw, itself included, in the order of their directory ids. */
  readonly participants: readonly Candidate[];
}

/** Another node of our mode and cluster name, as gossip tells of it: a hint, never a proof. */
export interface Sighting extends Candidate {
  /** `lost`: gossip holds it for failed. Who left is not told of at all. */
  readonly standing: "there" | "lost";
  /** Its `--bootstrap-expect` while it is a candidate. */
  readonly expect: number | null;
  readonly clusterId: string | null;
}

/** How a data directory begins. */
export type Beginning =
  | { readonly kind: "decided"; readonly proposal: Proposal }
  | { readonly kind: "join"; readonly clusterId: string; readonly via: string };

export type Question =
  /** Whether this directory would pledge itself now. Nothing is promised by the answer. */
  | { readonly kind: "dry"; readonly to: DirectoryId; readonly proposal: Proposal }
  | { readonly kind: "pledge"; readonly to: DirectoryId; readonly proposal: Proposal }
  /** Which directory answers here, of which cluster; and what it knows of a proposal, if one is named. */
  | { readonly kind: "state"; readonly about: string | null };

/**
 * - `decided`: the directory that answers is of the cluster of that id
 * - `open`: it coordinates that proposal now
 * - `notHere`: neither; from the coordinator itself, that the proposal is aborted
 */
export type Fate = "decided" | "open" | "notHere";

export type Answer =
  | { readonly kind: "yes" }
  | { readonly kind: "no"; readonly reason: string }
  | {
      readonly kind: "state";
      readonly directoryId: DirectoryId;
      readonly clusterId: string | null;
      readonly fate: Fate;
    };

/** Times are given beside the input: milliseconds of a clock that only goes forward. */
export type Input =
  /** @param freshId - an id for a cluster that nobody ever had; ends with 6 random hexadecimal digits */
  | { readonly type: "tick"; readonly freshId: string }
  | { readonly type: "seen"; readonly view: readonly Sighting[] }
  /** Somebody asks us; the answer carries the same `context`. */
  | { readonly type: "asked"; readonly context: number; readonly question: Question }
  /** `null`: there was none in time. Every `ask` comes back once. */
  | { readonly type: "answered"; readonly ask: number; readonly answer: Answer | null }
  /** A write is durable, and all before it are. */
  | { readonly type: "persisted"; readonly write: number }
  /** What `begin` asked for is durable. */
  | { readonly type: "begun"; readonly clusterId: string };

export type Effect =
  | {
      readonly type: "ask";
      readonly ask: number;
      readonly address: string;
      readonly question: Question;
    }
  | { readonly type: "answer"; readonly context: number; readonly answer: Answer }
  /** Writes are made durable in the order in which they are asked for. */
  | { readonly type: "write"; readonly write: number; readonly pledge: Proposal | null }
  /** Make it durable, then step `begun`; happens once. */
  | { readonly type: "begin"; readonly beginning: Beginning }
  /** For people. */
  | { readonly type: "note"; readonly text: string };

export interface Timing {
  /** How long the candidates in sight must have been the same before one of them proposes. */
  readonly settleMs: number;
  /** A proposal that has not been agreed to by then is given up. */
  readonly proposalMs: number;
  /** Least pause after a proposal that was given up; up to twice as long, at random. */
  readonly againMs: number;
  /** Between two questions what became of a pledge. */
  readonly fateMs: number;
  /** Between two questions to seeds, and to members that are said to have a cluster. */
  readonly lookMs: number;
}

export const defaultTiming: Timing = {
  settleMs: 1500,
  proposalMs: 10_000,
  againMs: 250,
  fateMs: 500,
  lookMs: 1000,
};
