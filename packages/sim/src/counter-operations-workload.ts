/**
 * All operations of the shipped counters under faults: conditions on versions that others may have
 * changed meanwhile, bounds, groups, counters that end by themselves and begin again, keys sent
 * again, sessions that end. The machine keeps a list of what it applied and answered, and a model is asked whether those
 * are the right answers; that the list agrees with what clients saw, and with the order of real time,
 * is looked at in every run.
 */
import {
  CounterMachine,
  decodeBatch,
  encodeBatch,
  plainConfig,
  resultAt,
} from "@counter/state-machine";
import type {
  Condition,
  CounterOperation,
  Operation as MachineOperation,
  OperationResult,
} from "@counter/state-machine";
import { inPieces, joined } from "./counter-machine-workload.ts";
import { drawInSession, isForgottenInSession, learnSession } from "./counter-session-clients.ts";
import { answerText, CounterOperationsModel } from "./counter-operations-model.ts";
import { decodeText, encodeText } from "./counter-workload.ts";
import type { ClientPosition, Operation, SimStateMachine, SimWorkload } from "./machine.ts";
import type { Random } from "./random.ts";
import { Violation } from "./violation.ts";

const limits = { keyWindowMs: 1_000_000_000, keysMax: 100_000, countersMax: 1000 };
const counters = ["a", "b", "c"];
const logQuestion = "log";

/** The state machine, or the same without one of its rules. */
type Machine = new () => CounterMachine;

/** A workload around this state machine. */
export function counterOperationsWorkloadOf(machine: Machine): SimWorkload {
  return {
    name: "counter operations",
    createMachine: (): SimStateMachine => new LoggedCounters(new machine()),
    nextOperation,
    isForgotten: isForgottenInSession,
    judge: (_history, finalState) => judge(finalState),
  };
}

export const counterOperationsWorkload: SimWorkload = counterOperationsWorkloadOf(CounterMachine);

/** A command that was applied, in hexadecimal digits, and its answer. */
type Applied = readonly [command: string, answer: string];

class LoggedCounters implements SimStateMachine {
  readonly #machine: CounterMachine;
  #log: Applied[] = [];

  constructor(machine: CounterMachine) {
    this.#machine = machine;
  }

  apply(data: Uint8Array, index: number): Uint8Array {
    const [[result] = []] = this.#machine.apply([{ index, term: 0, data }]);
    const [operation] = decodeBatch(data).operations;
    if (result === undefined || operation === undefined) throw new RangeError("no answer");
    const answer = textOf(result, "times" in operation ? operation.times : 1);
    this.#log.push([Buffer.from(data).toString("hex"), answer]);
    return encodeText(answer);
  }

  query(question: Uint8Array): Uint8Array {
    const name = decodeText(question);
    if (name === logQuestion) return encodeText(JSON.stringify(this.#log));
    return encodeText(String(this.#machine.value(name)));
  }

  snapshot(): Uint8Array {
    const machine = joined([...this.#machine.snapshot()]);
    const log = encodeText(JSON.stringify(this.#log));
    return joined([encodeText(`${String(machine.length).padStart(9)} `), machine, log]);
  }

  async restore(bytes: Uint8Array): Promise<void> {
    const end = 10 + Number(decodeText(bytes.subarray(0, 9)));
    try {
      await this.#machine.restore(inPieces(bytes.subarray(10, end)));
    } catch (error) {
      // It was written by a machine whose state can be none: that is what is wrong, not the reader.
      const detail = error instanceof Error ? error.message : "a snapshot was refused";
      throw new Violation("equal-state", detail, { cause: error });
    }
    this.#log = JSON.parse(decodeText(bytes.subarray(end))) as Applied[];
  }
}

function textOf(result: OperationResult, times: number): string {
  switch (result.status) {
    case "session":
      return `session ${result.session}`;
    case "answer":
    case "group":
      return result.results.map(answerText).join("; ");
    case "repeated":
      return Array.from({ length: times }, (_, at) => answerText(resultAt(result, at))).join("; ");
    default:
      return Array.from({ length: times }, () => answerText(result)).join("; ");
  }
}

function judge(finalState: SimStateMachine): string | null {
  const log = JSON.parse(decodeText(finalState.query(encodeText(logQuestion)))) as Applied[];
  const model = new CounterOperationsModel();
  for (const [hex, answer] of log) {
    const command = decodeBatch(Uint8Array.from(Buffer.from(hex, "hex")));
    const expected = model.apply(command);
    if (answer === expected) continue;
    const asked = command.operations.map(describe).join(", ");
    return `${asked} was answered ${answer}, but it should have been ${expected}`;
  }
  const wrong = counters.find((name) => {
    return decodeText(finalState.query(encodeText(name))) !== String(model.value(name));
  });
  return wrong === undefined ? null : `${wrong} ends at another value than ${model.value(wrong)}`;
}

function nextOperation(random: Random, at: ClientPosition): Operation {
  learn(at);
  learnSession(random, at);
  if (random.chance(0.15)) {
    const name = random.pick(counters);
    return { kind: "query", bytes: encodeText(name), key: null, text: `get ${name}` };
  }
  const inSession = drawInSession(random, at, () => drawOne(random, at, null));
  if (inSession !== null) {
    const { operation, ...more } = inSession;
    const command = { at: at.number, ...limits, operations: [operation] };
    return { kind: "command", bytes: encodeBatch(command), ...more };
  }
  const isKeyed = random.chance(0.8);
  const key = isKeyed ? `c${at.client}-${at.number}` : null;
  const operation = drawOperation(random, at, key);
  const command = { at: at.number, ...limits, operations: [operation] };
  const text = `${describe(operation)}${key === null ? "" : ` #${key}`}`;
  return { kind: "command", bytes: encodeBatch(command), key, text };
}

/** The revision that this client saw last: what it will compare with. */
function learn({ previous, notes }: ClientPosition): void {
  if (previous?.answer == null) return;
  const [, revision] = /r(\d+)[^r]*$/.exec(decodeText(previous.answer)) ?? [];
  if (revision !== undefined) notes.set("revision", Number(revision));
}

function drawOperation(random: Random, at: ClientPosition, key: string | null): MachineOperation {
  if (random.chance(0.25)) {
    const operations = Array.from({ length: 2 + random.below(2) }, (_, place) => {
      return drawOne(random, at, key === null ? null : `${key}#${place}`);
    });
    return { type: "group", operations };
  }
  const operation = drawOne(random, at, key);
  if (key !== null || (operation.type !== "add" && operation.type !== "next")) return operation;
  return { ...operation, condition: null, times: 1 + random.below(5) };
}

function drawOne(random: Random, at: ClientPosition, key: string | null): CounterOperation {
  const on = {
    counter: random.pick(counters),
    condition: drawCondition(random, at),
    key: key === null ? null : { key, fingerprint: new Uint8Array(16) },
  };
  const value = BigInt(random.below(30));
  switch (random.below(11)) {
    case 0:
    case 1:
      return { type: "next", count: BigInt(1 + random.below(3)), times: 1, ...on };
    case 2:
      return { type: "set", value, ...on };
    case 3:
      return { type: "cas", expected: BigInt(random.below(6)), value, ...on };
    case 4:
      return { type: "reset", to: random.chance(0.5) ? value : null, ...on };
    case 5:
    case 6: {
      const onBound = random.chance(0.5) ? "saturate" : "reject";
      const ttlMs = random.chance(0.6) ? 1 + random.below(8) : null;
      const bounds = { min: random.chance(0.5) ? 0n : null, max: random.chance(0.7) ? 40n : null };
      return { type: "create", config: { ...plainConfig, ...bounds, onBound, ttlMs }, ...on };
    }
    case 7: {
      const patches = [{ max: value + 20n }, { step: 2n }, { ttlMs: 1 + random.below(8) }];
      const patch = random.pick(patches);
      return { type: "configure", patch, ...on };
    }
    case 8:
      return { type: "delete", ...on };
    default: {
      const onBound = random.pick([null, null, "reject", "saturate"] as const);
      return { type: "add", delta: value - 12n, times: 1, onBound, ...on };
    }
  }
}

function drawCondition(random: Random, { notes }: ClientPosition): Condition | null {
  const revision = notes.get("revision");
  if (random.chance(0.7)) return null;
  if (revision === undefined || random.chance(0.3)) {
    return { type: random.chance(0.5) ? "present" : "absent" };
  }
  return { type: "versions", versions: [{ epoch: 0, revision }] };
}

function describe(operation: MachineOperation): string {
  if (operation.type === "group") return `group ${operation.operations.map(describe).join(" + ")}`;
  if (!("counter" in operation)) return operation.type;
  const { type, counter, condition } = operation;
  const times = "times" in operation && operation.times > 1 ? ` x${operation.times}` : "";
  return `${type} ${counter}${times}${condition === null ? "" : ` if ${condition.type}`}`;
}
