/** Rules of the replicated data of eventual mode: see mutants-of-eventual.ts. */
import type { EventualInvariant } from "../eventual/sentences.ts";

export interface EventualMutant {
  /** Kebab-case, for `--only`. */
  readonly name: string;
  /** The rule that is taken away. */
  readonly rule: string;
  /** Under `packages/eventual/src/core`, or beside it. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Invariants that may be the first to notice. */
  readonly expects: readonly EventualInvariant[];
}

export const dataMutants: readonly EventualMutant[] = [
  {
    name: "eventual-reset-without-the-clamp",
    rule: "a reset that arrives before what it covers takes nothing off until then (§3)",
    file: "../data/values.ts",
    find: "else if (cell.position > floor.position) {",
    replace: "else {",
    expects: ["full-history"],
  },
  {
    name: "eventual-reset-forgets-keyed-writers",
    rule: "a reset covers every writer that is known, not those with a cell only (E14)",
    file: "../data/values.ts",
    find: "  for (const [writer, { position }] of r.writers) positions.set(writer, position);\n",
    replace: "",
    expects: ["reset-covers"],
  },
  {
    name: "eventual-cell-applied-twice",
    rule: "a record that a piece of a snapshot brought is not added again",
    file: "../data/values.ts",
    find: "} else if (at.position > cell.position) {",
    replace: "} else {",
    expects: ["full-history"],
  },
  {
    name: "eventual-older-cell-wins",
    rule: "of two states of a cell the later one wins",
    file: "../data/values.ts",
    find: "known === undefined || known.position < cell.position)",
    replace: "known === undefined || known.position !== cell.position)",
    expects: ["full-history", "grows-only"],
  },
  {
    name: "eventual-key-counts-at-each-node",
    rule: "a key counts once, however many nodes accepted it (E3)",
    file: "../data/groups.ts",
    find: "    sum += dots.delta(leastOf(dots, rows, group));",
    replace: "    for (const slot of members) sum += dots.delta(slot);",
    expects: ["full-history"],
  },
  {
    name: "eventual-key-half-under-a-reset",
    rule: "a key of which one acceptance is under a reset does not count",
    file: "../data/groups.ts",
    find: "members.some((slot) => isUnderFloor(dots, counter, slot))",
    replace: "members.every((slot) => isUnderFloor(dots, counter, slot))",
    expects: ["full-history"],
  },
  {
    name: "eventual-keys-closed-after-one-round",
    rule: "keys are closed when everybody knows that everybody promised (R2)",
    file: "../data/rounds.ts",
    find: "    if (state.knownAt > state.position) return null;\n",
    replace: "    if (state.knownAt >= 0) continue;\n",
    expects: ["full-history"],
  },
  {
    name: "eventual-keys-closed-without-promises",
    rule: "keys are closed when every writer has promised to accept none of them (R1)",
    file: "../data/rounds.ts",
    find: "    if (promise === undefined || promise.position > state.position) return null;",
    replace: "    if (promise === undefined || promise.position > state.position) continue;",
    expects: ["full-history"],
  },
  {
    name: "eventual-heads-of-the-end",
    rule: "a snapshot has the heads of its beginning (P1)",
    file: "../data/pieces.ts",
    find: "  last.heads(heads, headsOf(r));",
    replace: "  last.heads(headsOf(r), headsOf(r));",
    expects: ["full-history", "converges"],
  },
  {
    name: "eventual-cut-block-counts-as-a-whole",
    rule: "of the keys of a writer those above a floor count, and no others (Z1)",
    file: "../data/open-sums.ts",
    find: "  if (block.first > floor) return block.adds;",
    replace: "  if (block.last > floor) return block.adds;",
    expects: ["full-history"],
  },
  {
    name: "eventual-keys-of-several-rows-left-out",
    rule: "a key that was used at several nodes counts after a reset that does not cover it (Z2)",
    file: "../data/open-sums.ts",
    find: "    sums.several.add(key);\n",
    replace: "",
    expects: ["full-history"],
  },
];
