/**
 * Hosts that break their contract, and the invariants that may be the first to notice. As with the
 * mutants of the core, a survivor is a check that is missing.
 */
import type { HostFlaw } from "../host-flaws.ts";
import type { InvariantName } from "../violation.ts";

export const flawedHosts: Readonly<Record<HostFlaw, readonly InvariantName[]>> = {
  "acknowledges-early": ["vouched-durable"],
  "retries-a-failed-sync": ["vouched-durable"],
  "acknowledges-without-room": ["vouched-durable"],
  "skips-the-directory-sync": [
    "leader-completeness",
    "log-without-gaps",
    "core-exception",
    "vote-once",
  ],
  "splits-writes": ["no-regress"],
  "reorders-writes": ["log-without-gaps", "no-regress"],
  "ignores-checksums": ["state-machine-safety", "leader-completeness", "core-exception"],
  "cuts-damage-off": ["leader-completeness", "committed-durable", "liveness"],
  "admits-an-empty-disk": ["vote-once", "leader-completeness", "liveness"],
  "admits-foreign-clusters": ["core-exception", "committed-durable", "election-safety"],
  "calls-unknown-refused": ["acknowledged-present"],
  "repeats-without-a-key": ["key-once"],
  "reuses-a-buffer": ["key-once", "log-matching", "acknowledged-present"],
  "repeats-its-seed": ["fresh-read", "linearizable"],
};
