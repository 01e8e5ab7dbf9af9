/** Inputs and Readys of eventual mode as lines of a trace. */
import type {
  Input,
  Message,
  Note,
  Operation,
  Outcome,
  Ready,
  RecordRange,
} from "@counter/eventual";

export function describeInput(input: Input): string {
  switch (input.type) {
    case "submit":
      return `is asked to ${describeOperation(input.operation)}`;
    case "receive":
      return `receives ${describeMessage(input.message)}`;
    case "persisted":
      return `persisted w${input.write}`;
    case "unanswered":
      return `#${input.exchange} unanswered`;
    case "register":
    case "deregister":
      return `is asked to ${input.type} ${input.addresses.join(", ")}`;
    case "probe":
      return `is told of ${input.address}`;
    case "watch":
      return `watch ${input.on}`;
    case "leave":
    case "syncNow":
    case "tick":
      return input.type;
  }
}

export function describeReady(ready: Ready, say: (what: string) => void): void {
  if (ready.write !== null) say(`writes w${ready.write.id}, ${ready.write.entries.length} entries`);
  for (const message of ready.messages) say(`sends ${describeMessage(message)}`);
  for (const outcome of ready.outcomes) say(describeOutcome(outcome));
  for (const note of ready.notes) say(`* ${describeNote(note)}`);
}

export function describeOperation(operation: Operation): string {
  switch (operation.type) {
    case "add":
      return `add ${operation.delta} to ${operation.counter}${operation.key === null ? "" : ` (${operation.key})`}`;
    case "set":
      return `set ${operation.counter} to ${operation.value}`;
    case "configure":
      return `${operation.isNew ? "create" : "configure"} ${operation.counter}`;
    case "delete":
      return `delete ${operation.counter}`;
    case "restore":
      return `restore ${operation.counters.size} counters`;
  }
}

function describeOutcome(outcome: Outcome): string {
  if (outcome.type === "refused") return `refuses: ${outcome.reason}`;
  const { value, replayed, writer, position } = outcome;
  return `answers ${value}${replayed ? " again" : ""}  ${short(writer)}@${position}`;
}

export function describeMessage(message: Message): string {
  const { kind, exchange, sender, body } = message;
  const head = `#${exchange} ${kind === "request" ? `to ${message.to}` : "reply"} of ${sender.label}`;
  return `${head} ${body.type} ${describeBody(body)}`.trimEnd();
}

function describeBody(body: Message["body"]): string {
  switch (body.type) {
    case "push":
    case "fill":
      return body.ranges.map(describeRange).join(" ");
    case "sync":
    case "ack":
      return describeHeads(body.heads);
    case "delta": {
      const flags = `${body.more ? " more" : ""}${body.snapshot ? " snapshot" : ""}`;
      return `${describeHeads(body.heads)} | ${body.ranges.map(describeRange).join(" ")}${flags}`;
    }
    case "fetch":
      return `${body.transfer}/${body.piece}`;
    case "piece":
      return `${body.transfer}/${body.piece}${body.bytes === null ? " none" : ""}${body.last ? " last" : ""}`;
    case "refused":
      return body.why.code;
    case "healthy":
      return String(body.vectorHash);
    case "health":
      return "";
  }
}

function describeHeads(
  heads: readonly { readonly writer: string; readonly position: number }[],
): string {
  return heads.map(({ writer, position }) => `${short(writer)}@${position}`).join(" ");
}

function describeRange({ writer, from, records }: RecordRange): string {
  return `${short(writer)}[${from}..${from + records.length - 1}]`;
}

/** Enough of a random id for people. */
export function short(id: string): string {
  return id.slice(0, 4);
}

export function describeNote(note: Note): string {
  const { type, ...rest } = note;
  return `${type} ${JSON.stringify(rest)}`;
}
