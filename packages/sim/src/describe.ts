/** Messages, entries and inputs as text, for traces. An entry id prints as `index@term`. */
import type {
  Configuration,
  Entry,
  EntryId,
  Input,
  MembershipChange,
  Message,
  Note,
  Write,
} from "@counter/raft";

export function describeId(id: EntryId): string {
  return `${id.index}@${id.term}`;
}

/** `3@1 4@2c`: the kind follows as a letter, `n` for a no-op and `c` for a configuration. */
export function describeEntries(entries: readonly Entry[]): string {
  if (entries.length === 0) return "(none)";
  const letter = { command: "", noop: "n", configuration: "c" } as const;
  return entries.map((entry) => describeId(entry) + letter[entry.kind]).join(" ");
}

/** The message without its sender and receiver: `t2  appendEntries prev=3@1 entries=4@2 …`. */
export function describeMessage(m: Message): string {
  return `t${m.term}  ${describeBody(m)}`;
}

function describeBody(m: Message): string {
  const pre = (flag: boolean): string => (flag ? "pre-" : "");
  switch (m.type) {
    case "requestVote":
      return (
        `${pre(m.preVote)}requestVote last=${m.lastIndex}@${m.lastTerm}` +
        (m.transfer ? " transfer" : "")
      );
    case "requestVoteResponse":
      return `${pre(m.preVote)}requestVoteResponse ${m.granted ? "granted" : "refused"}`;
    case "appendEntries":
      return (
        `appendEntries prev=${m.prevIndex}@${m.prevTerm} entries=${describeEntries(m.entries)}` +
        ` commit=${m.commitIndex} round=${m.readRound}`
      );
    case "appendEntriesResponse":
      return m.rejected
        ? `appendEntriesResponse rejected=${m.index} hint=${m.hintIndex}@${m.hintTerm} round=${m.readRound}`
        : `appendEntriesResponse match=${m.index} round=${m.readRound}`;
    case "installSnapshot":
      return (
        `installSnapshot ${describeId(m.chunk.snapshot)} offset=${m.chunk.offset}` +
        ` bytes=${m.chunk.data.length}${m.chunk.done ? " done" : ""} round=${m.readRound}`
      );
    case "installSnapshotResponse":
      return (
        `installSnapshotResponse ${m.index} next=${m.nextOffset}` +
        `${m.installed ? " installed" : ""} round=${m.readRound}`
      );
    case "readIndexRequest":
      return `readIndexRequest #${m.context}`;
    case "readIndexResponse":
      return `readIndexResponse #${m.context} ${m.index === null ? "refused" : `index=${m.index}`}`;
    case "timeoutNow":
      return "timeoutNow";
  }
}

export function describeWrite(write: Omit<Write, "id">): string {
  const parts: string[] = [];
  if (write.hardState !== null) {
    const { term, vote, commitIndex } = write.hardState;
    parts.push(`term=${term} vote=${vote ?? "-"} commit=${commitIndex}`);
  }
  if (write.entries.length > 0) parts.push(`entries=${describeEntries(write.entries)}`);
  if (write.chunk !== null) {
    const { snapshot, offset, data, done } = write.chunk;
    parts.push(`chunk ${describeId(snapshot)} ${offset}+${data.length}${done ? " done" : ""}`);
  }
  return parts.length === 0 ? "(nothing)" : parts.join("  ");
}

export function describeNote(note: Note): string {
  switch (note.type) {
    case "role":
      return `=> ${note.role}  t${note.term}  (${note.why})`;
    case "leader":
      return `sees leader ${note.leaderId ?? "-"}  t${note.term}`;
    case "voteRefused":
      return `refuses ${note.to} a vote  t${note.term}  (${note.why})`;
    case "dropped":
      return `drops ${note.message.type} of ${note.message.from}  (${note.why})`;
    case "truncated":
      return `truncates ${note.from}..${note.through}`;
    case "snapshotNeeded":
      return `${note.peer} needs the snapshot, lacks ${note.index}`;
    case "transfer":
      return `hands over to ${note.to ?? "anyone"}  (${note.why})`;
    case "configuration":
      return describeConfigurationNote(note);
    case "promoted":
      return `promotes ${note.peer}`;
    case "removed":
      return `is removed by ${note.index}`;
    case "snapshotInstalled":
      return `installed the snapshot ${describeId(note.snapshot)}`;
  }
}

function describeConfigurationNote(note: Extract<Note, { type: "configuration" }>): string {
  const what = note.committed ? "commits" : "follows";
  return `${what} the configuration of ${note.index}: ${describeConfiguration(note.configuration)}`;
}

/** Who votes, and in what way: `{a b} <- {a b c}` is joint, learners follow in brackets. */
export function describeConfiguration(c: Configuration): string {
  const set = (ids: readonly string[]): string => `{${ids.join(" ")}}`;
  const parts = [set(c.voters)];
  if (c.outgoing.length > 0) parts.push(`<- ${set(c.outgoing)}`);
  const learner = (id: string): string => (c.joining.includes(id) ? `${id}+` : id);
  if (c.learners.length > 0) parts.push(`[${c.learners.map(learner).join(" ")}]`);
  if (c.learnersNext.length > 0) parts.push(`next [${c.learnersNext.map(learner).join(" ")}]`);
  return parts.join(" ");
}

/** The inputs that are not messages, for traces. */
export function describeInput(input: Input): string {
  switch (input.type) {
    case "receive":
      return `receives from ${input.message.from}  ${describeMessage(input.message)}`;
    case "propose":
      return `propose #${input.context} (${input.commands.length})`;
    case "read":
      return `read #${input.context}`;
    case "persisted":
      return `persisted w${input.write}`;
    case "applied":
      return `applied ${input.index}`;
    case "snapshotSaved":
      return `snapshotSaved ${describeId(input.snapshot)}`;
    case "snapshotRead":
      return `snapshotRead for ${input.to}${input.chunk === null ? " gone" : ""}`;
    case "unreachable":
      return `unreachable ${input.peer}`;
    case "changeMembership":
      return `change #${input.context} ${input.transition} ${input.changes.map(describeChange).join(" ")}`;
    case "transfer":
      return `transfer to ${input.to ?? "anyone"}`;
    case "tick":
    case "campaign":
    case "stepDown":
      return input.type;
  }
}

function describeChange(change: MembershipChange): string {
  switch (change.type) {
    case "addVoter":
      return `+${change.member.id}`;
    case "addLearner":
      return `+[${change.member.id}${change.promote ? "+" : ""}]`;
    case "remove":
      return `-${change.id}`;
    case "setAddress":
      return `${change.member.id}=${change.member.address}`;
  }
}
