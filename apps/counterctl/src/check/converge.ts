/** How soon do all nodes know the same? Adds at each of them, and waits until all say the same sum. */
import type { CounterClient } from "@counter/client";

import { pause } from "../commands/waiting.ts";

export interface ConvergeReport {
  readonly nodes: number;
  readonly expected: bigint;
  /** What each node said last, by its endpoint. */
  readonly values: Readonly<Record<string, bigint>>;
  /** From the last acknowledgement until all nodes said the same, in milliseconds. */
  readonly ms: number;
  readonly ok: boolean;
}

const againMs = 5;

export async function checkConverge(
  nodes: readonly CounterClient[],
  options: {
    readonly name: string;
    readonly rounds: number;
    readonly patienceMs: number;
    readonly signal: AbortSignal;
  },
): Promise<ConvergeReport> {
  const { name, rounds, patienceMs, signal } = options;
  const values = nodes.map(() => 0n);
  await Promise.all(
    nodes.map(async (node) => {
      for (let round = 0; round < rounds; round += 1) await node.counter(name).add(1n, { signal });
    }),
  );
  const began = performance.now();
  const expected = BigInt(nodes.length * rounds);
  for (;;) {
    const said = await Promise.all(nodes.map((node) => localValue(node, name, signal)));
    values.splice(0, values.length, ...said);
    const ok = values.every((value) => value === expected);
    const ms = performance.now() - began;
    if (ok || ms > patienceMs || signal.aborted) {
      const named = nodes.map((node, at) => [node.endpoints[0]!, values[at]!] as const);
      const all = Object.fromEntries(named);
      return { nodes: nodes.length, expected, values: all, ms: Math.round(ms), ok };
    }
    await pause(againMs, signal);
  }
}

/** A node that has not heard of the counter yet counts as one that knows nothing. */
async function localValue(node: CounterClient, name: string, signal: AbortSignal): Promise<bigint> {
  for await (const each of node.list({ prefix: name, consistency: "local", signal })) {
    if (each.name === name) return each.value;
  }
  return 0n;
}
