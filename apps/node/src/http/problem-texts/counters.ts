/** Problems with counters, and with all of them at once. */
import type { ProblemText } from "./problem-text.ts";

type Texts = Readonly<Record<string, ProblemText>>;

export const counters = {
  "counter-not-found": {
    meaning: "there is no counter of this name",
    advice:
      "Create it with `POST /v1/counters`, or write to it: `add`, `next`, `PUT …/value` and `reset` create it on first use.",
    example: "there is no counter orders",
  },
  "counter-exists": {
    meaning: "a counter of this name exists already",
    advice: "Use the one that exists, change its settings with `PATCH`, or take another name.",
    example: "there is a counter orders already",
    extensions: { current: "42", currentVersion: "s0-17" },
  },
  "kind-mismatch": {
    meaning: "a counter of this kind cannot do that",
    advice: "The numbers of a `sequence` come by `next` only. Use another counter to add or set.",
    example: "orders is a sequence: its numbers come by next only",
  },
  "bound-exceeded": {
    meaning: "the value would leave the bounds of the counter",
    advice:
      "Nothing was changed. Add less, change `min` or `max`, or ask with `onBound: saturate` to have the value stop at the bound.",
    example: "2 and -3 is less than the minimum 0",
    extensions: { current: "2", min: "0", max: null, requested: "-3" },
  },
  "too-many-labels": {
    meaning: "the counter would have more than 16 labels",
    advice: "Take labels away in the same patch, by giving them `null`.",
    example: "a counter has at most 16 labels",
  },
  "value-out-of-range": {
    meaning: "the value would be larger than any counter can be",
    advice: "Nothing was changed. Reset the counter, or go on with another one.",
    example: "the operation was refused: value-out-of-range",
  },
  "too-many-counters": {
    meaning: "there are as many counters as this cluster may have",
    advice: "Nothing was created. Delete counters, or raise `--max-counters` on all nodes.",
    example: "the operation was refused: too-many-counters",
  },
  "restore-superseded": {
    meaning: "another restore has begun, or all counters were restored, while this one was sent",
    advice:
      "Nothing of this one was done. Find out who else restores, and send it again if it is still wanted.",
    example: "the restore was refused: restore-not-staged",
  },
  "version-mismatch": {
    meaning: "what is to be changed has changed since it was read",
    advice:
      "Read it again, decide again, and send the request with the new version. `current` and `currentVersion` are what it is now.",
    example: "the version is s0-18",
    extensions: { current: "43", currentVersion: "s0-18" },
  },
  "mode-mismatch": {
    meaning: "nodes in this mode cannot do that",
    advice: "Ask a cluster in the other mode, or use the calls that both modes have.",
    example:
      "not available in eventual mode: numbers without gaps or repetitions need a majority; a cluster that is started with --mode=raft offers it",
  },
  "token-foreign": {
    meaning: "the token is of another cluster, or of a time before a restore",
    advice: "Forget the token, and read without it.",
    example: "the token was given by another cluster",
  },
} as const satisfies Texts;

export const backups = {
  "snapshot-invalid": {
    meaning: "what was sent is no complete snapshot",
    advice:
      "Send the very bytes that `GET /v1/snapshot` gave, with their `Content-Digest`: then damage on the way is told apart.",
    example: "the backup is damaged or not a backup",
  },
  "backup-not-found": {
    meaning: "this node has no such backup",
    advice: "Make one with `POST /backup`, or name a file that the node has.",
    example: "there is no backup yet",
  },
  "backup-damaged": {
    meaning: "the backup is not as it was written, or is none",
    advice: "Nothing was changed. Restore from another copy.",
    example: "the checksum does not match",
  },
  "confirmation-required": {
    meaning: "a restore replaces all counters, and must name the cluster that it is meant for",
    advice: "Send `?confirm=<clusterId>`, with the id that `GET /v1/cluster` tells.",
    example: "send ?confirm= with the id of this cluster",
  },
} as const satisfies Texts;
