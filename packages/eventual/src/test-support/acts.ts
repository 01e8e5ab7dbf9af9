/** Things that are done to counters as a whole in a {@link TestCluster}, and how they turn out. */
import type { Operation, Outcome } from "../core/door.ts";
import type { LabelsPatch } from "../types.ts";
import { defaultLimits, TestCluster } from "./cluster.ts";

export function label(name: string, text: string | null): ReadonlyMap<string, string | null> {
  return new Map([[name, text]]);
}

export function configure(
  counter: string,
  labels: LabelsPatch,
  isNew: boolean = false,
  key: string | null = null,
): Operation {
  return { type: "configure", counter, isNew, labels, key };
}

export function drop(counter: string, key: string | null = null): Operation {
  return { type: "delete", counter, key };
}

export function textOf(outcome: Outcome | null): string {
  if (outcome === null) return "waits";
  if (outcome.type === "refused") return outcome.reason;
  return `${outcome.previous} -> ${outcome.value}${outcome.replayed ? " again" : ""}`;
}

export function shown(cluster: TestCluster, address: string, counter: string): string {
  const { exists, value, labels } = cluster.node(address).core.look(counter);
  return exists ? `${value} ${JSON.stringify([...labels])}` : "nothing";
}

export function alone(limits: Partial<typeof defaultLimits> = {}): TestCluster {
  const cluster = new TestCluster();
  cluster.start("a", [], { limits: { ...defaultLimits, ...limits } });
  cluster.run(5);
  return cluster;
}
