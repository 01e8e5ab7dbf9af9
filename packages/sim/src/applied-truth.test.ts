import { AppliedTruth } from "./applied-truth.ts";
import { KeyedCounter } from "./counter-workload.ts";
import { Coverage } from "./coverage.ts";
import { finalCheck } from "./final-check.ts";
import type { OperationRecord } from "./history.ts";
import { buildWorld } from "./build-world.ts";
import { drawKnobs } from "./knobs.ts";
import { Random } from "./random.ts";
import { broken, entry, server, watched } from "./test-support/builders.ts";

describe("reads and answers (§8)", () => {
  const record: OperationRecord = {
    ...{ id: 0, client: 0, number: 0, invokedAt: 0, returnedAt: Infinity, attempts: 1 },
    ...{ outcome: "open", answer: null, committedAtStart: 0 },
    operation: {
      ...{ kind: "command", bytes: new Uint8Array(0), key: "k", text: "add a 1" },
    },
  };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it("fires on a read below what was committed when it began", () => {
    const { servers, invariants } = watched();
    expect(broken(() => invariants.onRead(servers[0]!, { index: 4, floor: 5 }))).toBe("fresh-read");
  });

  it("fires when two servers answer one entry differently, or one key changes its answer", () => {
    const { servers, invariants } = watched();
    const [one, two] = servers;
    const apply = (server: typeof one, index: number, answer: string): string | null =>
      broken(() =>
        invariants.applied.onApplied(server!, {
          ...{ entry: entry(index, 1), record, answer: bytes(answer), restoredAt: 0 },
        }),
      );
    expect(apply(one, 2, "1")).toBeNull();
    expect(apply(two, 2, "2")).toBe("equal-state");
    expect(apply(one, 5, "1")).toBeNull();
    expect(apply(one, 6, "2")).toBe("key-once");
  });

  it("allows a machine to say that it has forgotten a command, and nothing else after that", () => {
    const [one, two] = watched().servers;
    const appliedBy = (truth: AppliedTruth, server: typeof one) => {
      return (index: number, answer: string): string | null =>
        broken(() =>
          truth.onApplied(server!, {
            ...{ entry: entry(index, 1), record, answer: bytes(answer), restoredAt: 0 },
          }),
        );
    };
    const newTruth = (): AppliedTruth => {
      return new AppliedTruth(new Coverage(), (answer) => answer.length === 0);
    };
    const truth = newTruth();
    const apply = appliedBy(truth, one);
    expect([apply(2, "1"), apply(3, "1"), apply(4, "")]).toEqual([null, null, null]);
    const applyLate = appliedBy(truth, two);
    expect([applyLate(2, "1"), applyLate(3, "1"), applyLate(4, "")]).toEqual([null, null, null]);
    expect(apply(5, "1")).toBe("key-once");
    const applyOther = appliedBy(newTruth(), one);
    expect([applyOther(2, ""), applyOther(3, "1")]).toEqual([null, "key-once"]);
  });

  it("fires when a command without a key is applied twice", () => {
    const { servers, invariants } = watched();
    const once = { ...record, operation: { ...record.operation, key: null } };
    const apply = (index: number): string | null =>
      broken(() =>
        invariants.applied.onApplied(servers[0]!, {
          ...{ entry: entry(index, 1), record: once, answer: bytes("1"), restoredAt: 0 },
        }),
      );
    expect(apply(2)).toBeNull();
    expect(apply(3)).toBe("key-once");
  });

  it("fires when states at one index differ", () => {
    const { servers, invariants } = watched();
    const machine = new KeyedCounter();
    invariants.applied.onState(servers[0]!, 4, machine.snapshot());
    machine.apply(bytes(" a 1"));
    const other = machine.snapshot();
    expect(broken(() => invariants.applied.onState(servers[1]!, 4, other))).toBe("equal-state");
  });
});

describe("the end of a run", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  /** A world in which one command was applied and answered by the log with "1". */
  function finished(change: Partial<OperationRecord>) {
    const { world } = buildWorld({ knobs: drawKnobs(1), random: new Random(1) });
    const record: OperationRecord = {
      ...{ id: 0, client: 0, number: 0, invokedAt: 5, returnedAt: 9, attempts: 1 },
      ...{ outcome: "answered", answer: bytes("1"), committedAtStart: 0 },
      operation: {
        ...{ kind: "command", bytes: new Uint8Array(0), key: "k" },
        text: "add a 1",
      },
      ...change,
    };
    world.history.push(record);
    return { world, record };
  }

  it("fires when an acknowledged operation is not in the log, or was answered differently", () => {
    const missing = finished({});
    expect(broken(() => finalCheck(missing.world, []))).toBe("acknowledged-present");
    const other = finished({});
    const applied = { entry: entry(2, 1), record: other.record, answer: bytes("2"), restoredAt: 0 };
    other.world.invariants.applied.onApplied(server(0), applied);
    expect(broken(() => finalCheck(other.world, []))).toBe("acknowledged-present");
  });

  it("fires when an operation took effect that was refused for certain", () => {
    const { world, record } = finished({ outcome: "refused", answer: null });
    expect(broken(() => finalCheck(world, []))).toBeNull();
    const applied = { entry: entry(2, 1), record, answer: bytes("1"), restoredAt: 0 };
    world.invariants.applied.onApplied(server(0), applied);
    expect(broken(() => finalCheck(world, []))).toBe("acknowledged-present");
  });

  it("fires when the order of the log contradicts the order of time", () => {
    const { world, record } = finished({});
    const later: OperationRecord = { ...record, id: 1, invokedAt: 20, returnedAt: 30 };
    world.history.push(later);
    const apply = (which: OperationRecord, index: number): void => {
      const applied = { entry: entry(index, 1), record: which, answer: bytes("1"), restoredAt: 0 };
      world.invariants.applied.onApplied(server(0), applied);
    };
    apply(later, 2);
    apply(record, 3);
    expect(broken(() => finalCheck(world, []))).toBe("linearizable");
  });
});
