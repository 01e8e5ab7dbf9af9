/** What the recovery tool says: lines for people who have a bad day. */
import type { Configuration, EntryId } from "@counter/raft";

import { areMajority, byUpToDate } from "./comparison.ts";
import type { Inspection, SoundDataDir } from "./inspection.ts";
import type { Recovered } from "./recover-alone.ts";

export function inspectionLines(inspection: Inspection): string[] {
  switch (inspection.kind) {
    case "sound":
      return soundLines(inspection);
    case "damaged":
      return [inspection.dataDir, fact("damaged", inspection.found)];
    case "unused":
      return [inspection.dataDir, fact("no node", inspection.found)];
  }
}

function soundLines({ dataDir, identity, log }: SoundDataDir): string[] {
  const { last, committedIndex, snapshot, configuration, hardState, tornTail } = log;
  const lines = [
    dataDir,
    fact("node", `${identity.address}, label ${identity.label}`),
    fact("cluster id", identity.clusterId),
    fact("last entry", idText(last)),
    fact("committed", `up to ${committedIndex} for certain; ${openText(log)}`),
    fact("snapshot", snapshot === null ? "none" : idText(snapshot)),
    fact("term", `${hardState.term}, vote ${hardState.vote ?? "none"}`),
    fact("voters", votersText(configuration)),
  ];
  if (tornTail !== null) lines.push(fact("torn tail", `${tornTail}: never acknowledged, cut`));
  if (!isVoter(inForce(configuration), identity.nodeId)) {
    lines.push(fact("attention", "this node is no voter: others probably have more"));
  }
  return lines;
}

/** The order of the survivors, and what follows from it. */
export function comparisonLines(found: readonly SoundDataDir[]): string[] {
  const order = found.toSorted(byUpToDate);
  const places = order.map(({ dataDir, log }, place) => {
    const facts = `last entry ${idText(log.last)}, committed up to ${log.committedIndex}`;
    return `  ${place + 1}. ${dataDir}  ${facts}`;
  });
  return ["Most up to date first (the term of the last entry, then its index):", ...places];
}

/** What there is to do, as far as these directories tell. */
export function adviceLines(found: readonly SoundDataDir[]): string[] {
  const [best] = found.toSorted(byUpToDate);
  if (best === undefined) return ["There is nothing to recover from."];
  const { identity, log, dataDir } = best;
  if (areMajority(found)) {
    return [
      "No recovery is needed: these servers are a majority of the voters. Start them as they are;",
      "nothing that was acknowledged is lost.",
    ];
  }
  const others = inForce(log.configuration).filter((id) => id !== identity.nodeId);
  return [
    `First try to bring back the others (${others.join(", ")}): a majority of the voters that starts`,
    "with its own directories loses nothing. If so many of them are gone for good that no majority",
    "is left, the server above can go on alone as a new cluster:",
    "",
    `  npm run recover -- ${dataDir} --as-single-node --confirm=${identity.clusterId}`,
    "",
    ...warningLines(best),
  ];
}

/** What there is to do about a damaged node. */
export function damagedLines(dataDir: string): string[] {
  return [
    `${dataDir} cannot go on. The others do, while they are a majority. Once this node is replaced:`,
    "",
    `  npm run recover -- ${dataDir} --set-aside`,
    "",
    "keeps what is there and makes room for a new node: docs/runbooks/damaged-disk.md.",
  ];
}

/** What recovery gives up. Loud on purpose. */
export function warningLines({ log }: SoundDataDir): string[] {
  return [
    "RECOVERY BREAKS THE PROMISE THAT NOTHING ACKNOWLEDGED IS LOST. It may be the best that is left:",
    "- Lost: what the other servers had acknowledged and this log does not hold. `next` can hand out",
    "  those numbers a second time.",
    ...contradictionLines(log),
    "- The old servers must never run again, not even on a copy of their disks: a majority of them",
    "  would be the old cluster, and would count on by itself. This node refuses them, and they it.",
  ];
}

function contradictionLines({ last, committedIndex }: SoundDataDir["log"]): string[] {
  if (last.index <= committedIndex) return [];
  return [
    `- Contradicted: what follows entry ${committedIndex}, up to ${last.index}, becomes committed. Perhaps it never was,`,
    "  and its clients were told nothing, or that their requests had failed.",
  ];
}

/** What to do after it is done. */
export function nextStepLines(found: SoundDataDir, recovered: Recovered): string[] {
  const { identity, dataDir } = found;
  const { copy, clusterId, entry } = recovered;
  const port = identity.address.slice(identity.address.lastIndexOf(":") + 1);
  return [
    `Done: ${identity.nodeId} is the only voter of the new cluster ${clusterId} (entry ${idText(entry)}).`,
    `The directory as it was is in ${copy}. Keep it, and never start a node on it.`,
    "",
    "Next:",
    "1. Keep the old servers from starting: remove or rename their data directories.",
    `2. Start this node under its own address, without --peers and without --cluster-id:`,
    `     node apps/node/dist/main.js --port=${port} --data-dir=${dataDir}`,
    "3. Compare GET /get with the highest number that any client has seen. If it is lower, add the",
    '   difference before clients come back: POST /increment {"delta": <difference>}.',
    "4. Make a backup: POST /backup. One disk is all there is now.",
    `5. Bring it back to three servers: start two on empty directories with --join=${identity.address}.`,
    "docs/runbooks/lost-quorum.md has all of it.",
  ];
}

/** What to do after a damaged log was set aside. */
export function setAsideLines(dataDir: string, names: readonly string[]): string[] {
  return [
    `Set aside in ${dataDir}, nothing was deleted: ${names.join(", ")}.`,
    "",
    "Whoever starts on this directory now is a NEW server, which remembers no vote and no entry.",
    "Start it with --join=<address of a member>, and without --peers: it takes the place of the old",
    "one in the cluster and becomes a voter by itself. With --peers the others refuse it",
    "(duplicate-identity), since it could vote twice in a term.",
    "docs/runbooks/damaged-disk.md says more. Keep *.damaged-* until the cluster is whole again.",
  ];
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(12)}${text}`;
}

function idText({ index, term }: EntryId): string {
  return `${index}@${term}`;
}

function openText({ last, committedIndex }: SoundDataDir["log"]): string {
  const open = last.index - committedIndex;
  if (open <= 0) return "that is the whole log";
  return open === 1 ? "of the last entry it is not known" : `of the last ${open} it is not known`;
}

function votersText(configuration: Configuration): string {
  const { voters, outgoing, learners } = configuration;
  const parts = [voters.join(", ")];
  if (outgoing.length > 0) parts.push(`being left: ${outgoing.join(", ")}`);
  if (learners.length > 0) parts.push(`learners: ${learners.join(", ")}`);
  return parts.join("; ");
}

/** All who vote, in a joint configuration those of both halves. */
function inForce({ voters, outgoing }: Configuration): readonly string[] {
  return [...new Set([...voters, ...outgoing])].sort();
}

function isVoter(voters: readonly string[], id: string): boolean {
  return voters.includes(id);
}

/** Why there is nothing to recover, and what helps instead. */
export function eventualLines(dataDir: string): readonly string[] {
  return [
    `${dataDir} is a directory of eventual mode: nothing was changed, for there is nothing to recover.`,
    "Its nodes need no majority to go on: start every one that is left, as it is, with --mode=eventual.",
    `Where a journal is damaged or gone ("counterctl data verify ${dataDir}" tells), move the whole`,
    "directory away and start the node again, with --join=<address of another node>: it begins as a new",
    "one, and gets from the others all that they have. Then remove the former one from the members",
    '("counterctl members remove <its id>"). Keep the old directory: what that node had counted and no',
    "other one has yet is only there.",
  ];
}
