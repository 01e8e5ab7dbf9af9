/**
 * Restores in parts under faults, by several clients that overtake each other, beside numbers that are
 * handed out meanwhile. Judged like the other operations: what was applied, in its order, must have
 * been answered as a model of it answers.
 */
import {
  CounterMachine,
  encodeBatch,
  encodeRestorePart,
  plainConfig,
  StageDigest,
} from "@counter/state-machine";
import type { CounterBackup, Operation as MachineOperation } from "@counter/state-machine";
import { counterOperationsWorkloadOf } from "./counter-operations-workload.ts";
import { encodeText } from "./counter-workload.ts";
import type { ClientPosition, Operation, SimWorkload } from "./machine.ts";
import type { Random } from "./random.ts";

const limits = { keyWindowMs: 1_000_000_000, keysMax: 100_000, countersMax: 1000 };
const counters = ["a", "b", "c"];
const partsMax = 2;

/** A workload around this state machine. */
export function counterRestoresWorkloadOf(machine: new () => CounterMachine): SimWorkload {
  return { ...counterOperationsWorkloadOf(machine), name: "counter restores", nextOperation };
}

export const counterRestoresWorkload: SimWorkload = counterRestoresWorkloadOf(CounterMachine);

function nextOperation(random: Random, at: ClientPosition): Operation {
  if (random.chance(0.1)) {
    const name = random.pick(counters);
    return { kind: "query", bytes: encodeText(name), key: null, text: `get ${name}` };
  }
  const key = `c${at.client}-${at.number}`;
  const operation = random.chance(0.65) ? drawStep(random, at) : drawOne(random, key);
  const isKeyed = "key" in operation && operation.key !== null;
  const command = { at: at.number, ...limits, operations: [operation] };
  const text = `${operation.type}${isKeyed ? ` #${key}` : ""}`;
  return { kind: "command", bytes: encodeBatch(command), key: isKeyed ? key : null, text };
}

function drawOne(random: Random, key: string): MachineOperation {
  const on = {
    counter: random.pick(counters),
    condition: null,
    times: 1,
    key: { key, fingerprint: new Uint8Array(16) },
  };
  if (random.chance(0.7)) return { type: "next", count: BigInt(1 + random.below(3)), ...on };
  return { type: "add", delta: BigInt(random.below(5)), onBound: null, ...on };
}

/** The next step of the restore of this client; now and then one that is wrong. */
function drawStep(random: Random, { client, number, notes }: ClientPosition): MachineOperation {
  const begun = notes.get("begun") ?? 0;
  const done = notes.get("parts") ?? 0;
  const stage = `s${client}-${begun}`;
  if (begun === 0 || random.chance(0.1)) return begin(notes, { client, number });
  const damaged = random.chance(0.05);
  if (done < partsMax && !random.chance(0.05)) {
    notes.set("parts", done + 1);
    const seed = damaged ? begun + 1 : begun;
    return { type: "restore-part", stage, part: done, data: partOf(seed, done) };
  }
  notes.set("begun", 0);
  // Without a key: a refusal speaks of the moment, and is another one when it is asked for again.
  return { type: "restore-commit", stage, key: null };
}

function begin(
  notes: ClientPosition["notes"],
  { client, number }: Pick<ClientPosition, "client" | "number">,
): MachineOperation {
  const begun = number + 1;
  notes.set("begun", begun);
  notes.set("parts", 0);
  const digest = new StageDigest();
  for (let part = 0; part < partsMax; part += 1) digest.add(partOf(begun, part));
  const stage = `s${client}-${begun}`;
  return { type: "restore-begin", stage, ...digest.announced, key: null };
}

/** Values that tell which restore they are of, and numbers that were issued elsewhere. */
function partOf(seed: number, part: number): Uint8Array {
  const backup = (name: string, value: number, issued: number | null): CounterBackup => ({
    name,
    value: BigInt(value),
    issued: issued === null ? null : BigInt(issued),
    config: plainConfig,
  });
  if (part === 0) return encodeRestorePart([backup("a", 100 * seed, null)]);
  return encodeRestorePart([backup("b", 100 * seed + 1, seed % 2 === 0 ? 50 * seed : null)]);
}
