/** Small pieces for tests: entries by their terms, servers that are made of nothing but data. */
import { bootstrap, configurationOf, defaultRaftOptions } from "@counter/raft";
import type { Entry, PersistedState, RaftOptions, RaftStatus, Write } from "@counter/raft";
import { Coverage } from "../coverage.ts";
import { imageOf } from "../disk-image.ts";
import { Invariants } from "../invariants.ts";
import type { ServerView } from "../server-view.ts";
import { Violation } from "../violation.ts";

export const members = ["n1", "n2", "n3"].map((id) => ({ id, address: `${id}:1` }));

export const initial: PersistedState = bootstrap(members);

export const raftOptions: RaftOptions = { ...defaultRaftOptions, id: "n1", seed: 1 };

export function entry(index: number, term: number, text: string = `${index}@${term}`): Entry {
  return { index, term, kind: "command", data: new TextEncoder().encode(text) };
}

/** Entries from `first` on, one a term: `entries("2 2 3")` follow the configuration at 1@1. */
export function entries(terms: string, first: number = 2): Entry[] {
  return terms.split(" ").map((term, i) => entry(first + i, Number(term)));
}

export function write(parts: Partial<Write>): Write {
  return { id: 1, hardState: null, entries: [], chunk: null, ...parts };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type TestServer = Mutable<ServerView>;

/** A server whose log and disk are the configuration and entries of these terms. */
export function server(position: number, terms: string = ""): TestServer {
  const all = [...initial.entries, ...(terms === "" ? [] : entries(terms))];
  const image = imageOf({ ...initial, entries: all });
  const id = `n${position + 1}`;
  return { id, position, image, lost: null, log: image.log.clone(), status: null };
}

export function status(of: TestServer, changes: Partial<RaftStatus> = {}): RaftStatus {
  const { hardState } = of.image;
  const { lastIndex } = of.log;
  const made: RaftStatus = {
    id: of.id,
    role: "follower",
    term: hardState.term,
    vote: hardState.vote,
    leaderId: null,
    leaderSilentTicks: 0,
    commitIndex: 0,
    appliedIndex: 0,
    persistedIndex: of.image.log.lastIndex,
    firstIndex: 1,
    lastIndex,
    lastTerm: of.log.termAt(lastIndex) ?? 0,
    snapshot: null,
    configuration: configurationOf(members),
    configurationIndex: 1,
    removed: false,
    peers: {},
    ...changes,
  };
  of.status = made;
  return made;
}

/** Three servers with these logs, and the invariants that watch them. */
export function watched(...logs: readonly string[]): {
  readonly servers: readonly TestServer[];
  readonly invariants: Invariants;
  readonly coverage: Coverage;
} {
  const servers = [0, 1, 2].map((position) => server(position, logs[position]));
  const coverage = new Coverage();
  const invariants = new Invariants({ views: servers, raft: raftOptions, coverage });
  invariants.begin();
  return { servers, invariants, coverage };
}

/** The invariant that `run` breaks; `null` if it breaks none. */
export function broken(run: () => void): string | null {
  try {
    run();
  } catch (error) {
    if (error instanceof Violation) return error.invariant;
    throw error;
  }
  return null;
}
