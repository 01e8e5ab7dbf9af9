/**
 * The rules by which candidates become one cluster, each a function that decides one thing.
 *
 * - F1 A proposal names *everybody* in sight, not only those who will be the first members: who is
 *   left out could form another cluster with others meanwhile.
 * - F2 There are at least as many participants as `--bootstrap-expect` says, and exactly so many
 *   first members. No time that passes makes it fewer.
 * - F3 A pledge counts once it is on the disk.
 * - F4 A node is pledged to one proposal at a time.
 * - F5 Only the coordinator itself can say that a proposal was aborted: its own directory, not
 *   whoever is at its address.
 * - F6 It is decided by the coordinator alone, once *all* participants have pledged themselves.
 * - F7 A participant refuses if it sees a cluster, a candidate that was left out, or other numbers.
 * - F8 A coordinator that restarts has aborted: it remembers no proposal, so none goes on.
 *
 * So two decided proposals have no participant in common: who has pledged itself to one is released
 * only when its coordinator has given that one up, and a coordinator does not decide what it gave up.
 */
import { memberIdOf } from "../membership/member-id.ts";
import type { Answer, Candidate, DirectoryId, Proposal, Sighting } from "./types.ts";

/** Most participants of a proposal: they must fit into the body of a request. */
export const participantsMax: number = 128;

/** What a node sees. */
export interface Outlook {
  readonly own: Candidate;
  readonly expect: number;
  readonly view: readonly Sighting[];
}

export interface Rules {
  /** F1 */
  participants(outlook: Outlook): readonly Candidate[];
  /** F2 */
  enough(candidates: number, expect: number): boolean;
  /** F3 */
  vouches(pledge: { readonly durable: boolean }): boolean;
  /** F4 */
  isFree(pledge: Proposal | null, proposal: Proposal): boolean;
  /** F5 */
  isAborted(answer: Answer, proposal: Proposal): boolean;
  /** F6 @param missing - who has not agreed */
  allAgreed(missing: ReadonlySet<DirectoryId>, proposal: Proposal): boolean;
  /** F7 @returns what speaks against a first configuration of these, for people; `null`: nothing */
  objection(outlook: Outlook, participants: readonly Candidate[]): string | null;
}

export const rules: Rules = {
  participants: ({ own, view }) => [own, ...candidatesIn(view)].sort(byDirectory),
  enough: (candidates, expect) => candidates >= expect,
  vouches: ({ durable }) => durable,
  isFree: (pledge, { clusterId }) => pledge === null || pledge.clusterId === clusterId,
  isAborted: (answer, proposal) => {
    if (answer.kind !== "state" || answer.fate !== "notHere") return false;
    return answer.directoryId === coordinatorOf(proposal).directoryId;
  },
  allAgreed: (missing) => missing.size === 0,
  objection,
};

/** The candidate with the smallest directory id. */
export function coordinatorOf({ participants }: Proposal): Candidate {
  return participants[0]!;
}

/** The Raft ids of the first configuration: those of the smallest directory ids. */
export function firstMembersOf({ participants, expect }: Proposal): readonly string[] {
  return participants.slice(0, expect).map(memberIdOf);
}

/** Those in sight that no other directory has taken the place of. */
export function candidatesIn(view: readonly Sighting[]): Candidate[] {
  return view
    .filter(({ standing, expect, clusterId }) => {
      return standing === "there" && expect !== null && clusterId === null;
    })
    .map(({ directoryId, address }) => ({ directoryId, address }));
}

/** The ids of the clusters that somebody in sight is said to be of. */
export function clustersIn({ own, view }: Pick<Outlook, "own" | "view">): readonly Sighting[] {
  const live = new Set([own.address, ...here(view).map(({ address }) => address)]);
  // A disk that was wiped: the node that was there before has gone, and its cluster with it.
  return view.filter(({ clusterId, standing, address }) => {
    return clusterId !== null && (standing === "there" || !live.has(address));
  });
}

/**
 * Why a proposal cannot be one that this node takes part in, whatever it sees; `null` if it can be.
 * Whoever made it may be another program.
 */
export function misfit(proposal: Proposal, own: Candidate, expect: number): string | null {
  const { participants } = proposal;
  if (proposal.expect !== expect) {
    return `it was started with --bootstrap-expect=${expect}, not ${proposal.expect}`;
  }
  const listed = participants.find(({ directoryId }) => directoryId === own.directoryId);
  if (listed?.address !== own.address) return "it is not named there as it is";
  if (coordinatorOf(proposal).directoryId === own.directoryId) return "it would propose itself";
  const inOrder = participants.every((one, at) => {
    return at === 0 || participants[at - 1]!.directoryId < one.directoryId;
  });
  const addresses = new Set(participants.map(({ address }) => address));
  if (!inOrder || addresses.size < participants.length) return "the participants are not in order";
  if (participants.length > participantsMax) return "there are too many participants";
  return participants.length < expect ? "there are too few participants" : null;
}

function objection(outlook: Outlook, participants: readonly Candidate[]): string | null {
  const { own, expect, view } = outlook;
  const cluster = clustersIn(outlook)[0];
  if (cluster !== undefined) {
    return `there is a cluster already: ${cluster.address} is of ${cluster.clusterId ?? ""}`;
  }
  const other = here(view).find((one) => one.expect !== null && one.expect !== expect);
  if (other !== undefined) {
    return `${other.address} was started with --bootstrap-expect=${other.expect ?? ""}, ${own.address} with ${expect}: all need the same`;
  }
  const named = new Set(participants.map(({ directoryId }) => directoryId));
  const left = candidatesIn(view).find(({ directoryId }) => !named.has(directoryId));
  if (left !== undefined) return `${left.address} is a candidate, too`;
  const lost = lostFrom(outlook);
  if (lost.length < expect) return null;
  // They may only be cut off from here, and are enough to begin without us.
  return `${lost.join(", ")} were candidates and are out of sight: they may be forming a cluster of their own`;
}

function lostFrom({ own, view }: Outlook): readonly string[] {
  const live = new Set([own.address, ...here(view).map(({ address }) => address)]);
  const lost = view.filter(({ standing, expect, clusterId, address }) => {
    return standing === "lost" && expect !== null && clusterId === null && !live.has(address);
  });
  return [...new Set(lost.map(({ address }) => address))];
}

function here(view: readonly Sighting[]): readonly Sighting[] {
  return view.filter(({ standing }) => standing === "there");
}

function byDirectory(a: Candidate, b: Candidate): number {
  return a.directoryId < b.directoryId ? -1 : 1;
}
