/** Compares each look at a core with the one before it: what must never go back, and limits. */
import type { RaftOptions, RaftStatus } from "@counter/raft";
import type { ServerView } from "./server-view.ts";
import { check } from "./violation.ts";

/** Nothing that a server promised may be forgotten, within a run and over restarts. */
export function watchStatus(server: ServerView, before: RaftStatus | null, now: RaftStatus): void {
  const { hardState } = server.image;
  check(
    now.term > hardState.term ||
      (now.term === hardState.term && (hardState.vote === null || now.vote === hardState.vote)),
    "no-regress",
    () =>
      `${server.id} is at t${now.term} vote ${now.vote ?? "-"}; its disk says ` +
      `t${hardState.term} vote ${hardState.vote ?? "-"}`,
  );
  check(
    now.appliedIndex <= now.commitIndex && now.commitIndex <= now.lastIndex,
    "no-regress",
    () => {
      return `${server.id} applied ${now.appliedIndex}, committed ${now.commitIndex}, has ${now.lastIndex}`;
    },
  );
  check(now.commitIndex >= hardState.commitIndex, "no-regress", () => {
    return `${server.id} committed ${now.commitIndex}; its disk says ${hardState.commitIndex}`;
  });
  check(now.lastTerm <= now.term, "no-regress", () => {
    return `${server.id} is at t${now.term} and has an entry of t${now.lastTerm}`;
  });
  watchPersisted(server, now);
  if (before === null) return;
  if (now.role === "leader" && before.role === "leader" && now.term === before.term) {
    for (const id in now.peers) {
      const was = before.peers[id]?.matchIndex ?? 0;
      check(now.peers[id]!.matchIndex >= was, "no-regress", () => {
        return `${server.id} takes ${id} to match ${now.peers[id]!.matchIndex} after ${was}`;
      });
    }
  }
  check(now.term >= before.term, "no-regress", () => {
    return `${server.id} went back from t${before.term} to t${now.term}`;
  });
  check(
    now.term > before.term || before.vote === null || now.vote === before.vote,
    "vote-once",
    () => {
      return `${server.id} changed its vote in t${now.term}: ${before.vote ?? "-"}, ${now.vote ?? "-"}`;
    },
  );
  check(now.commitIndex >= before.commitIndex, "no-regress", () => {
    return `${server.id} went back from commit ${before.commitIndex} to ${now.commitIndex}`;
  });
  check(now.appliedIndex >= before.appliedIndex, "no-regress", () => {
    return `${server.id} went back from applied ${before.appliedIndex} to ${now.appliedIndex}`;
  });
}

/** What a core takes for durable must be on the disk, with the term the core has there. */
function watchPersisted(server: ServerView, now: RaftStatus): void {
  const { image } = server;
  // A snapshot took the place of the log, and the core has not heard of it yet: until then whatever
  // vouches for the disk waits behind that write.
  if ((image.snapshot?.meta.index ?? 0) > (now.snapshot?.index ?? 0)) return;
  const durable = Math.max(image.log.lastIndex, image.snapshot?.meta.index ?? 0);
  check(now.persistedIndex <= durable, "vouched-durable", () => {
    return `${server.id} takes ${now.persistedIndex} for durable; its disk ends at ${durable}`;
  });
  if (now.persistedIndex !== now.lastIndex) return;
  const term = image.log.termAt(now.lastIndex);
  check(term === null || term === now.lastTerm, "vouched-durable", () => {
    return (
      `${server.id} takes ${now.lastIndex}@${now.lastTerm} for durable;` +
      ` its disk has t${String(term)} there`
    );
  });
}

/** A message may exceed its limit by one entry; ours are small, this is generous. */
const oneEntryBytes = 1024;

/** The queues of a leader stay within the options. */
export function watchLimits(server: ServerView, now: RaftStatus, options: RaftOptions): void {
  if (now.role !== "leader") return;
  for (const id in now.peers) {
    const peer = now.peers[id]!;
    check(
      peer.inflightMessages <= options.inflightMaxMessages &&
        (peer.inflightBytes <= options.inflightMaxBytes + options.messageMaxBytes + oneEntryBytes ||
          peer.inflightMessages <= 1),
      "bounded",
      () =>
        `${server.id} has ${peer.inflightMessages} messages, ${peer.inflightBytes} bytes out to ${id}`,
    );
    check(peer.nextIndex > peer.matchIndex, "bounded", () => {
      return `${server.id} would send ${peer.nextIndex} to ${id}, which matches up to ${peer.matchIndex}`;
    });
    check(peer.matchIndex <= now.lastIndex, "bounded", () => {
      return `${server.id} takes ${id} to match ${peer.matchIndex}, beyond its own ${now.lastIndex}`;
    });
  }
}
