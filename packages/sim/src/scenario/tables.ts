/** A cluster, and what a leader knows of its followers, as tables. */
import type { RaftStatus } from "@counter/raft";
import { describeConfiguration, describeId } from "../describe.ts";
import type { ServerView } from "../server-view.ts";

/** Logs are the terms of their entries; a snapshot stands in brackets where it ends. */
export function clusterTable(servers: readonly ServerView[]): readonly string[] {
  const rows = servers.map((server) => {
    const { id, status } = server;
    if (status === null) return [id, "down", "", "", "", logOf(server)];
    const { role, term, vote, commitIndex } = status;
    return [id, role, `t${term}`, vote ?? "-", String(commitIndex), logOf(server)];
  });
  return aligned([["", "role", "term", "vote", "commit", "log"], ...rows]);
}

/** Which configuration each server follows, where it stands, and whether that is committed. */
export function membersTable(servers: readonly ServerView[]): readonly string[] {
  const rows = servers.map(({ id, status }) => {
    if (status === null) return [id, "", "", "down"];
    const { configuration, configurationIndex, commitIndex, removed } = status;
    const isCommitted = configurationIndex <= commitIndex ? "yes" : "no";
    const shown = describeConfiguration(configuration) + (removed ? "  (it is removed)" : "");
    return [id, String(configurationIndex), isCommitted, shown];
  });
  return aligned([["", "index", "committed", "configuration"], ...rows]);
}

/** @returns one line a follower; none where nobody leads */
export function peersTable({ peers }: RaftStatus): readonly string[] {
  const rows = Object.entries(peers).map(([id, peer]) => {
    const { state, matchIndex, nextIndex, inflightMessages, inflightBytes, paused } = peer;
    const numbers = [matchIndex, nextIndex, inflightMessages, inflightBytes].map(String);
    return [id, state, ...numbers, paused ? "yes" : "no"];
  });
  return aligned([["", "state", "match", "next", "out", "bytes", "waits"], ...rows]);
}

function logOf({ image, log }: ServerView): string {
  const { snapshot } = image;
  const words = log.entries.map(({ term }) => String(term));
  if (snapshot === null) return words.join(" ");
  const before = snapshot.meta.index - log.firstIndex + 1;
  words.splice(Math.max(0, before), 0, `[${describeId(snapshot.meta)}]`);
  return words.join(" ");
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
