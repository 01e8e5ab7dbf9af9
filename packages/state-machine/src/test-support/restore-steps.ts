/** The commands of a restore in parts. */
import type { OperationKey, RestoreBegin, RestoreStep } from "../operations.ts";
import { encodeRestorePart } from "../restore-codec.ts";
import { StageDigest } from "../stage-digest.ts";
import type { CounterBackup } from "../types.ts";

export interface Steps {
  readonly begin: RestoreBegin;
  readonly parts: readonly RestoreStep[];
  readonly commit: RestoreStep;
}

export function stepsOf(
  parts: readonly (readonly CounterBackup[])[],
  stage: string = "s",
  key: OperationKey | null = null,
): Steps {
  const data = parts.map(encodeRestorePart);
  const digest = new StageDigest();
  for (const bytes of data) digest.add(bytes);
  return {
    begin: { type: "restore-begin", stage, ...digest.announced, key },
    parts: data.map((bytes, part) => ({ type: "restore-part", stage, part, data: bytes })),
    commit: { type: "restore-commit", stage, key },
  };
}
