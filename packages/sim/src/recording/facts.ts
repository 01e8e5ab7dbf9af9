/** A Ready as facts, one a line: who, and what. */
import type { EntryId, NodeId, Outcome, Ready } from "@counter/raft";
import {
  describeEntries,
  describeId,
  describeMessage,
  describeNote,
  describeWrite,
} from "../describe.ts";

export function factsOf(own: NodeId, ready: Ready): string[] {
  const { notes, write, messages, restore, committed, outcomes, snapshotReads } = ready;
  const says = (what: string): string => `${own}  ${what}`;
  const facts = notes.map((note) => says(describeNote(note)));
  if (write !== null) facts.push(says(`writes w${write.id}  ${describeWrite(write)}`));
  for (const message of messages) {
    facts.push(`${own} -> ${message.to}  ${describeMessage(message)}`);
  }
  if (restore !== null) facts.push(says(`restores the snapshot ${describeId(restore)}`));
  if (committed.length > 0) facts.push(says(`applies ${describeEntries(committed)}`));
  for (const outcome of outcomes) facts.push(says(describeOutcome(outcome)));
  for (const { to, index, offset } of snapshotReads) {
    facts.push(says(`reads the snapshot ${index} from ${offset} for ${to}`));
  }
  if (ready.compactThrough !== null) facts.push(says(`compacts through ${ready.compactThrough}`));
  return facts;
}

/** Like `proposed #5  first=7@2`. */
function describeOutcome({ type, context, ...what }: Outcome): string {
  const parts = Object.entries<unknown>({ ...what }).map(([name, value]) => {
    return `${name}=${isId(value) ? describeId(value) : JSON.stringify(value)}`;
  });
  return `${type} #${context}  ${parts.join(" ")}`;
}

function isId(value: unknown): value is EntryId {
  return typeof value === "object" && value !== null && "index" in value && "term" in value;
}
