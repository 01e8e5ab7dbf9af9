/** The journal of an eventual node as rows. No request is named there: its records are sums. */
import { decodeEntry, decodeRecord, type Control, type RecordBody } from "@counter/eventual";
import type { Entry } from "@counter/raft";

import { plainRow, type LogRow } from "./rows.ts";

type Said = Partial<LogRow> & Pick<LogRow, "operation">;

/** @throws MalformedError for what a newer release wrote */
export function* journalRows({ index, data }: Entry): Generator<LogRow> {
  const entry = decodeEntry(data);
  const row: LogRow = { ...plainRow, index, kind: entry.kind };
  if (entry.kind !== "record") {
    yield row;
    return;
  }
  const { writer, position } = entry;
  for (const said of saidOf(decodeRecord(entry.bytes))) yield { ...row, writer, position, ...said };
}

function* saidOf({ controls, plain, keyed }: RecordBody): Generator<Said> {
  for (const control of controls) yield ofControl(control);
  for (const { counter, plus, minus } of plain) {
    yield { operation: "add", counter, details: { plus: String(plus), minus: String(minus) } };
  }
  for (const { counter, delta } of keyed) {
    yield { operation: "add", counter, key: true, details: { delta: String(delta) } };
  }
}

function ofControl(control: Control): Said {
  switch (control.kind) {
    case "reset":
    case "configure":
    case "delete":
      return { operation: control.kind, counter: control.counter };
    case "deed":
      return { operation: control.deed.type, counter: control.counter, key: true };
    default:
      return { operation: control.kind };
  }
}
