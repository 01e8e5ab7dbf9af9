/** Messages for tests: one of each by hand, and arbitrary ones. */
import fc from "fast-check";

import type { Configuration, Entry, EntryKind, Message, NodeId } from "@counter/raft";

const text = (maxLength: number, minLength = 1): fc.Arbitrary<string> =>
  fc.string({ unit: visibleAscii, minLength, maxLength });
const visibleAscii = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const flag = fc.boolean();
/** Small numbers, numbers around every length of a varint, and the largest. */
const number = fc.oneof(
  fc.nat({ max: 300 }),
  fc
    .integer({ min: 1, max: 53 })
    .chain((bits) =>
      fc.constantFrom(2 ** bits - 1, 2 ** bits - 2, Math.min(2 ** bits, Number.MAX_SAFE_INTEGER)),
    ),
  fc.maxSafeNat(),
);
const data = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
const kind = fc.constantFrom<EntryKind>("command", "noop", "configuration");
const ids = fc.array(text(128), { maxLength: 5 });

const configuration: fc.Arbitrary<Configuration> = fc.record({
  members: fc.array(fc.record({ id: text(128), address: text(256, 0) }), { maxLength: 5 }),
  voters: ids,
  outgoing: ids,
  learners: ids,
  learnersNext: ids,
  joining: ids,
  autoLeave: flag,
});

const append = fc
  .record({
    prevIndex: fc.nat({ max: Number.MAX_SAFE_INTEGER - 10 }),
    prevTerm: number,
    commitIndex: number,
    readRound: number,
    // Few different terms, so that runs of the same one are common.
    parts: fc.array(fc.record({ term: fc.oneof(fc.nat({ max: 2 }), number), kind, data }), {
      maxLength: 8,
    }),
  })
  .map(({ parts, ...rest }) => ({
    ...rest,
    entries: parts.map((part, i) => ({ index: rest.prevIndex + 1 + i, ...part })),
  }));

const installation = fc
  .record({
    readRound: number,
    chunk: fc.record({
      snapshot: fc.record({
        index: number,
        term: number,
        configuration,
        configurationIndex: number,
      }),
      offset: number,
      data,
      done: flag,
    }),
  })
  .map((parts) => parts);

const bodies = fc.oneof(
  fc.record({
    type: fc.constant("requestVote" as const),
    preVote: flag,
    transfer: flag,
    lastIndex: number,
    lastTerm: number,
  }),
  fc.record({ type: fc.constant("requestVoteResponse" as const), preVote: flag, granted: flag }),
  append.map((parts) => ({ type: "appendEntries" as const, ...parts })),
  fc.record({
    type: fc.constant("appendEntriesResponse" as const),
    rejected: flag,
    index: number,
    hintIndex: number,
    hintTerm: number,
    readRound: number,
  }),
  installation.map((parts) => ({ type: "installSnapshot" as const, ...parts })),
  fc.record({
    type: fc.constant("installSnapshotResponse" as const),
    index: number,
    nextOffset: number,
    installed: flag,
    readRound: number,
  }),
  fc.record({ type: fc.constant("readIndexRequest" as const), context: number }),
  fc.record({
    type: fc.constant("readIndexResponse" as const),
    context: number,
    index: fc.option(number),
  }),
  fc.constant({ type: "timeoutNow" as const }),
);

/** Any message that keeps its contract. */
export function anyMessage(ends: { from: NodeId; to: NodeId }): fc.Arbitrary<Message> {
  return fc.tuple(bodies, number).map(([body, term]) => ({ ...body, ...ends, term }));
}

/** So many entries of so many bytes. */
export function entriesOf(count: number, dataBytes: number, first = 1): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    index: first + i,
    term: 3,
    kind: "command" as const,
    data: new Uint8Array(dataBytes).fill(i + 1),
  }));
}

/** An append from one node to another; `first` tells messages of one test apart. */
export function appendOf(
  ends: { from: NodeId; to: NodeId },
  {
    first = 1,
    count = 1,
    dataBytes = 8,
  }: { first?: number; count?: number; dataBytes?: number } = {},
): Message {
  const entries = entriesOf(count, dataBytes, first);
  const rest = { term: 3, prevIndex: first - 1, prevTerm: 3, commitIndex: 0, readRound: 0 };
  return { type: "appendEntries", ...ends, ...rest, entries };
}

/** A small message that carries a number. */
export function numbered(ends: { from: NodeId; to: NodeId }, context: number): Message {
  return { type: "readIndexRequest", ...ends, term: 1, context };
}

/** One message of every type, as `docs/wire.md` prints them. */
export function oneOfEach(ends: { from: NodeId; to: NodeId }): Message[] {
  const data = new Uint8Array([0xca, 0xfe]);
  const configuration = {
    members: [{ id: "n1", address: "h:1" }],
    voters: ["n1"],
    outgoing: [],
    learners: [],
    learnersNext: [],
    joining: [],
    autoLeave: true,
  };
  const snapshot = { index: 300, term: 2, configuration, configurationIndex: 7 };
  const entries: Entry[] = [
    { index: 301, term: 2, kind: "command", data },
    { index: 302, term: 3, kind: "noop", data: new Uint8Array(0) },
    { index: 303, term: 3, kind: "command", data },
  ];
  const of = { ...ends, term: 3 };
  return [
    { type: "requestVote", ...of, preVote: false, transfer: true, lastIndex: 300, lastTerm: 2 },
    { type: "requestVoteResponse", ...of, preVote: true, granted: false },
    {
      type: "appendEntries",
      ...of,
      prevIndex: 300,
      prevTerm: 2,
      entries,
      commitIndex: 299,
      readRound: 5,
    },
    {
      type: "appendEntriesResponse",
      ...of,
      rejected: true,
      index: 300,
      hintIndex: 128,
      hintTerm: 1,
      readRound: 5,
    },
    {
      type: "installSnapshot",
      ...of,
      chunk: { snapshot, offset: 4096, data, done: true },
      readRound: 5,
    },
    {
      type: "installSnapshotResponse",
      ...of,
      index: 300,
      nextOffset: 4098,
      installed: true,
      readRound: 5,
    },
    { type: "readIndexRequest", ...of, context: 9 },
    { type: "readIndexResponse", ...of, context: 9, index: null },
    { type: "timeoutNow", ...of },
  ];
}
