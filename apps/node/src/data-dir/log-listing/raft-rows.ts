/** The commands of a Raft log as rows. */
import type { Entry } from "@counter/raft";
import {
  decodeBatch,
  type ConfigPatch,
  type CounterOperation,
  type Operation,
  type OperationTrace,
} from "@counter/state-machine";

import { plainRow, type LogRow, type RowTrace } from "./rows.ts";

type Said = Partial<LogRow> & Pick<LogRow, "operation">;

/** @throws CommandFormatError, or UnknownCommandError for what a newer release wrote */
export function* raftRows(entry: Entry, commitIndex: number): Generator<LogRow> {
  const { index, term, kind } = entry;
  const row: LogRow = { ...plainRow, index, term, kind, committed: index <= commitIndex };
  if (kind !== "command") {
    yield row;
    return;
  }
  const { operations, traces = [] } = decodeBatch(entry.data);
  if (operations.length === 0) yield row;
  const named = tracesByPlace(traces);
  for (const [place, operation] of operations.entries()) {
    const ofRequest = { traces: named.get(place) ?? [] };
    for (const said of saidOf(operation)) yield { ...row, ...said, ...ofRequest };
  }
}

function tracesByPlace(traces: readonly OperationTrace[]): ReadonlyMap<number, RowTrace[]> {
  const named = new Map<number, RowTrace[]>();
  for (const { first, count, context } of traces) {
    const hex = Buffer.from(context).toString("hex");
    const trace = { traceId: hex.slice(0, 32), spanId: hex.slice(32) };
    for (let place = first; place < first + count; place += 1) {
      const others = named.get(place);
      if (others === undefined) named.set(place, [trace]);
      else others.push(trace);
    }
  }
  return named;
}

function saidOf(operation: Operation): readonly Said[] {
  switch (operation.type) {
    case "restore": {
      const details = { counters: String(operation.counters.length) };
      return [{ operation: "restore", details, key: operation.key !== null, ofAll: true }];
    }
    case "restore-begin":
    case "restore-commit": {
      const { type, stage, key } = operation;
      const ofAll = type === "restore-commit";
      return [{ operation: type, details: { stage }, key: key !== null, ofAll }];
    }
    case "restore-part": {
      const { type, stage, part } = operation;
      return [{ operation: type, details: { stage, part: String(part) } }];
    }
    case "digest":
    case "openSession":
      return [{ operation: operation.type }];
    case "closeSession":
      return [{ operation: operation.type, details: { session: String(operation.session) } }];
    case "group":
      return operation.operations.map((each) => ({ ...onCounter(each), within: "group" }));
    case "inSession": {
      const { session, seq } = operation.step;
      const number = { session: String(session), seq: String(seq) };
      return operation.operations.map((each) => {
        const said = onCounter(each);
        return { ...said, within: "session", details: { ...said.details, ...number } };
      });
    }
    default:
      return [onCounter(operation)];
  }
}

function onCounter(operation: CounterOperation): Said {
  const { type, counter, key } = operation;
  const times = "times" in operation ? operation.times : 1;
  return { operation: type, counter, key: key !== null, times, details: detailsOf(operation) };
}

function detailsOf(operation: CounterOperation): Readonly<Record<string, string>> {
  switch (operation.type) {
    case "add":
      return { delta: String(operation.delta) };
    case "next":
      return { count: String(operation.count) };
    case "set":
      return { value: String(operation.value) };
    case "cas":
      return { expected: String(operation.expected), value: String(operation.value) };
    case "reset":
      return operation.to === null ? {} : { to: String(operation.to) };
    case "create":
      return { initial: String(operation.config.initial), sort: operation.config.kind };
    case "configure":
      return { changes: namesIn(operation.patch) };
    case "delete":
      return {};
  }
}

function namesIn(patch: ConfigPatch): string {
  return Object.keys(patch).join(",");
}
