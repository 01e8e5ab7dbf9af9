/** What the steps of a restore should do, as simply as it can be said. */
import {
  decodeRestorePart,
  StageDigest,
  type CounterBackup,
  type RestoreBegin,
  type RestoreStep,
} from "@counter/state-machine";
import type { ModelState } from "./counter-operations-model.ts";

const plain = { min: null, max: null, saturates: false, step: 1n, initial: 0n, ttlMs: null };

interface Stage {
  readonly begin: RestoreBegin;
  readonly revision: number;
  readonly parts: Uint8Array[];
}

export class RestoresModel {
  #stage: Stage | null = null;
  #epoch = 0;

  apply(step: RestoreStep, state: ModelState): string {
    const nothing = `ok 0>0 0 r${state.revision}`;
    if (step.type === "restore-begin") {
      if (this.#stage?.begin.stage !== step.stage) {
        this.#stage = { begin: step, revision: state.revision, parts: [] };
      }
      return nothing;
    }
    const stage = this.#stage;
    if (stage?.begin.stage !== step.stage) return refused("restore-not-staged");
    if (step.type === "restore-commit") return this.#commit(stage, state);
    if (step.part < stage.parts.length) return nothing;
    if (step.part > stage.parts.length) return refused("restore-not-staged");
    stage.parts.push(step.data);
    const { parts, bytes } = digestOf(stage);
    if (parts <= stage.begin.parts && bytes <= stage.begin.bytes) return nothing;
    this.#stage = null;
    return refused("restore-damaged");
  }

  #commit(stage: Stage, state: ModelState): string {
    this.#stage = null;
    const { parts, bytes, digest } = digestOf(stage);
    const { begin } = stage;
    if (parts !== begin.parts || bytes !== begin.bytes || digest !== begin.digest) {
      return refused("restore-damaged");
    }
    state.counters.clear();
    for (const backup of stage.parts.flatMap(decodeRestorePart)) {
      put(backup, { state, revision: stage.revision });
    }
    this.#epoch += 1;
    state.revision += 1;
    return `ok ${this.#epoch - 1}>${this.#epoch} ${this.#epoch} r${state.revision}`;
  }
}

function put(
  { name, value, issued }: CounterBackup,
  { state, revision }: { readonly state: ModelState; readonly revision: number },
): void {
  const before = state.issued.get(name);
  if (issued !== null && (before === undefined || issued > before)) state.issued.set(name, issued);
  if (value === null) return;
  state.counters.set(name, { ...plain, value, revision, endsAt: Infinity });
}

function digestOf({ parts }: Stage): StageDigest["announced"] {
  const digest = new StageDigest();
  for (const data of parts) digest.add(data);
  return digest.announced;
}

function refused(code: string): string {
  return `${code} - r-`;
}
