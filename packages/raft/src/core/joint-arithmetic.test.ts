import type { Configuration, NodeId } from "../types.ts";
import { members } from "../test-support/logs.ts";
import { testOptions } from "../test-support/server.ts";
import { quorumOf } from "./commitment.ts";
import { configurationOf, encodeConfiguration } from "./configuration.ts";
import { configurationVoteResult } from "./quorum.ts";
import type { VoteResult } from "./quorum.ts";
import { initialState } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";
import { becomeCandidate, becomeLeader } from "./transitions.ts";

const servers = ["a", "b", "c", "d", "e"];

/** Every set of the first `count` servers that is not empty. */
function setsOf(count: number): readonly (readonly NodeId[])[] {
  const sets = [...Array(1 << count).keys()].slice(1);
  return sets.map((set) => servers.filter((_, at) => (set & (1 << at)) !== 0));
}

/** Every way to give one of three values to each of `count` servers. */
function* assignments<Value>(
  count: number,
  values: readonly [Value, Value, Value],
): Generator<Value[]> {
  for (let code = 0; code < 3 ** count; code += 1) {
    yield Array.from({ length: count }, (_, at) => values[Math.floor(code / 3 ** at) % 3]!);
  }
}

function ballotOf(votes: readonly (boolean | null)[]): Map<NodeId, boolean> {
  const cast = new Map<NodeId, boolean>();
  servers.forEach((id, at) => {
    const vote = votes[at] ?? null;
    if (vote !== null) cast.set(id, vote);
  });
  return cast;
}

/** The definition (§6): more than half of both halves. */
function isQuorum(c: Configuration, holds: (id: NodeId) => boolean): boolean {
  const more = (half: readonly NodeId[]): boolean => 2 * half.filter(holds).length > half.length;
  return more(c.voters) && (c.outgoing.length === 0 || more(c.outgoing));
}

function joint(voters: readonly NodeId[], outgoing: readonly NodeId[]): Configuration {
  return { ...configurationOf(members(...new Set([...voters, ...outgoing]))), voters, outgoing };
}

/** All pairs of halves, and each half alone. */
function* configurations(count: number): Generator<Configuration> {
  const sets = setsOf(count);
  for (const voters of sets) {
    for (const outgoing of [[], ...sets]) yield joint(voters, outgoing);
  }
}

function definedResult(c: Configuration, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (isQuorum(c, (id) => votes.get(id) === true)) return "won";
  return isQuorum(c, (id) => votes.get(id) !== false) ? "pending" : "lost";
}

/** Server a, leading under this configuration. */
function leading(configuration: Configuration): {
  readonly s: RaftState;
  readonly role: LeaderRole;
} {
  const data = encodeConfiguration(configuration);
  const s = initialState(
    { ...testOptions, id: "a" },
    {
      hardState: { term: 1, vote: null, commitIndex: 0 },
      snapshot: null,
      entries: [{ index: 1, term: 1, kind: "configuration", data }],
    },
  );
  becomeCandidate(s, "to lead");
  becomeLeader(s);
  return { s, role: leaderRole(s) };
}

function leaderRole({ role }: RaftState): LeaderRole {
  if (role.kind !== "leader") throw new Error("it does not lead");
  return role;
}

describe("the arithmetic of simple and joint configurations (§6)", () => {
  it("an election of up to five servers has the result of the definition, for every ballot", () => {
    const wrong: unknown[] = [];
    const ballots = [...assignments(5, [true, false, null])].map(ballotOf);
    for (const configuration of configurations(5)) {
      for (const votes of ballots) {
        const result = configurationVoteResult(configuration, votes);
        if (result !== definedResult(configuration, votes)) wrong.push([configuration, votes]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(["matchIndex", "ackedRound"] as const)(
    "%s: the most that a quorum has reached, wherever up to four servers stand",
    (counted) => {
      const wrong: unknown[] = [];
      const stands = [...assignments(4, [0, 1, 2])];
      for (const configuration of configurations(4)) {
        const { s, role } = leading(configuration);
        for (const reached of stands) {
          const at = (id: NodeId): number => reached[servers.indexOf(id)]!;
          s.persistedIndex = at("a");
          role.readRound = at("a");
          for (const peer of role.peers) peer[counted] = at(peer.id);
          const defined = [2, 1].find((least) => isQuorum(configuration, (id) => at(id) >= least));
          if (quorumOf(s, role, counted) !== (defined ?? 0)) wrong.push([configuration, reached]);
        }
      }
      expect(wrong).toEqual([]);
    },
  );
});
