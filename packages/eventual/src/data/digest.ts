/** The state as text, to compare replicas in tests and in the simulator. */
import type { WallMs } from "../types.ts";
import { isThere } from "./existence.ts";
import { rowsOf } from "./groups.ts";
import type { CounterState, Register } from "./counter-state.ts";
import type { Replica } from "./replica.ts";
import { valueOf } from "./values.ts";

/**
 * The same for replicas that know the same, whatever they closed and however they learnt it.
 *
 * @param before - keys that ended at or before this are left out; replicas may differ in what they
 *   closed, so not before what any of them closed
 */
export function digestOf(r: Replica, before: WallMs): string {
  const lines: string[] = [];
  for (const [writer, { position, hash, owner, boot, sealedAt }] of r.writers) {
    if (position > 0) {
      lines.push(`writer ${writer} ${position} ${hash} ${owner} ${boot} ${String(sealedAt)}`);
    }
  }
  for (const { id, address, label, status, version } of r.members.values()) {
    lines.push(`member ${id} ${address} ${label} ${status} ${version}`);
  }
  for (const { address, version, wanted } of r.named.values()) {
    lines.push(`named ${address} ${version} ${String(wanted)}`);
  }
  for (const counter of r.counters.values()) linesOf(r, counter, before, lines);
  return lines.sort().join("\n");
}

function linesOf(r: Replica, counter: CounterState, before: WallMs, lines: string[]): void {
  const { name } = counter;
  const { register, gone } = counter;
  lines.push(`value ${name} ${valueOf(r, name)} ${String(isThere(counter))}`);
  if (register !== null) lines.push(`register ${name} ${registerText(register)}`);
  for (const [writer, position] of gone) lines.push(`gone ${name} ${writer} ${position}`);
  for (const [writer, { position, plus, minus }] of counter.cells) {
    lines.push(`cell ${name} ${writer} ${position} ${plus} ${minus}`);
  }
  for (const { writer, position, plus, minus } of counter.floor.values()) {
    lines.push(`floor ${name} ${writer} ${position} ${plus} ${minus}`);
  }
  for (const [key, first] of counter.keys) {
    for (const slot of rowsOf(r.dots, first)) {
      const { writer, position, index, at, until, delta, isSet, deed } = r.dots.dot(slot);
      if (until <= before) continue;
      const place = `${writer} ${position} ${index}`;
      const kind = deed?.type ?? (isSet ? "set" : "add");
      lines.push(`key ${name} ${key} ${at} ${until} ${delta} ${kind} ${place}`);
    }
  }
}

function registerText({ stamp, config }: Register): string {
  const { hlc, writer, position } = stamp;
  const labels = JSON.stringify(config === null ? null : [...config.labels]);
  return `${hlc} ${writer} ${position} ${labels}`;
}
