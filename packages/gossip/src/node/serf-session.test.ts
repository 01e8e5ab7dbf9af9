import { accepted } from "../test-support/bytes.ts";
import { decodeSerf } from "../wire/serf-decoder.ts";
import { encodeSerf } from "../wire/serf-encoder.ts";
import type { SerfMessage, SerfPushPull, SerfQuery, SerfUserEvent } from "../wire/serf-messages.ts";
import {
  RECENT_EVENTS_MAX_BYTES,
  RECENT_PER_TIME_MAX,
  RECENT_TIMES,
  RecentEvents,
  RecentQueries,
} from "./serf-recent.ts";
import { INTENTS_MAX, SerfSession } from "./serf-session.ts";

const noBytes = new Uint8Array(0);

/** A session of the member "a", and all that it did. */
class Bench {
  readonly told: SerfMessage[] = [];
  readonly sent: string[] = [];
  readonly events: string[] = [];
  readonly asked: string[] = [];
  readonly refused: string[] = [];
  names: readonly string[] = ["a"];
  readonly session: SerfSession = new SerfSession({
    name: "a",
    broadcast: (payload) => this.told.push(accepted(decodeSerf(payload))),
    sendTo: (node, payload) => this.sent.push(`${node} ${accepted(decodeSerf(payload)).type}`),
    memberNames: () => this.names,
    onUserEvent: ({ name }) => this.events.push(name),
    onQuery: ({ name }) => this.asked.push(name),
    onQueryResponse: ({ from }) => this.asked.push(`answer of ${from}`),
    onRefused: ({ reason }) => this.refused.push(reason),
  });

  hear(message: SerfMessage): void {
    const from = { host: "127.0.0.1", port: 1 };
    this.session.receive({ from, payload: encodeSerf(message), reliable: false });
  }

  state(): SerfPushPull {
    return accepted(decodeSerf(this.session.userState())) as SerfPushPull;
  }
}

function event(time: number, name: string = "deploy", bytes: number = 0): SerfUserEvent {
  return { type: "userEvent", time, name, payload: new Uint8Array(bytes), coalesce: false };
}

const query: SerfQuery = {
  type: "query",
  time: 5,
  id: 1,
  source: { host: "10.0.0.1", port: 7946 },
  sourceNode: "b",
  filters: [],
  ack: true,
  noBroadcast: false,
  relayFactor: 0,
  timeoutMs: 1_000,
  name: "load",
  payload: noBytes,
};

const state: SerfPushPull = {
  type: "pushPull",
  time: 0,
  statusTimes: new Map(),
  leftMembers: [],
  eventTime: 0,
  events: [],
  queryTime: 0,
};

describe("intents", () => {
  it("news is passed on once; what is older than what is known is not", () => {
    const bench = new Bench();
    bench.hear({ type: "join", time: 3, node: "b" });
    bench.hear({ type: "join", time: 3, node: "b" });
    bench.hear({ type: "leave", time: 2, node: "b", prune: false });
    bench.hear({ type: "leave", time: 4, node: "b", prune: false });
    expect(bench.told).toEqual([
      { type: "join", time: 3, node: "b" },
      { type: "leave", time: 4, node: "b", prune: false },
    ]);
  });

  it("our times are above everything that we heard", () => {
    const bench = new Bench();
    bench.hear({ type: "join", time: 41, node: "b" });
    bench.session.announceJoin();
    expect(bench.told.at(-1)).toEqual({ type: "join", time: 42, node: "a" });
    bench.session.announceLeave();
    expect(bench.told.at(-1)).toMatchObject({ type: "leave", time: 43, node: "a" });
  });

  it("a leave of ours that is none is answered by a newer join, and not passed on", () => {
    const bench = new Bench();
    bench.hear({ type: "leave", time: 9, node: "a", prune: false });
    expect(bench.told).toEqual([{ type: "join", time: 10, node: "a" }]);
    bench.hear({ type: "leave", time: 9, node: "a", prune: false });
    expect(bench.told).toHaveLength(1);
  });

  it("a leave of ours that is known elsewhere is answered too, when tables are exchanged", () => {
    const bench = new Bench();
    const statusTimes = new Map([["a", 7]]);
    bench.session.mergeUserState(
      encodeSerf({ ...state, time: 8, statusTimes, leftMembers: ["a"] }),
    );
    expect(bench.told).toMatchObject([{ type: "join", node: "a" }]);
    expect((bench.told[0] as { time: number }).time).toBeGreaterThan(7);
  });

  it("a time at the end of all numbers does not stop the clock", () => {
    const bench = new Bench();
    bench.hear({ type: "join", time: Number.MAX_SAFE_INTEGER, node: "b" });
    bench.session.announceJoin();
    expect(bench.told.at(-1)).toEqual({ type: "join", time: 1, node: "a" });
  });

  it("the oldest are forgotten beyond their limit", () => {
    const bench = new Bench();
    for (let index = 0; index <= INTENTS_MAX; index += 1) {
      bench.hear({ type: "leave", time: 5, node: `n${index}`, prune: false });
    }
    expect(bench.state().leftMembers).toHaveLength(INTENTS_MAX);
  });

  it("the table tells times of members, and of those that left", () => {
    const bench = new Bench();
    bench.names = ["a", "b"];
    bench.hear({ type: "join", time: 3, node: "b" });
    bench.hear({ type: "leave", time: 4, node: "c", prune: false });
    const told = bench.state();
    expect(told.statusTimes).toEqual(
      new Map([
        ["a", 0],
        ["b", 3],
        ["c", 4],
      ]),
    );
    expect(told.leftMembers).toEqual(["c"]);
    expect(told.time).toBe(5);
  });
});

describe("user events", () => {
  it("are delivered once, passed on once, and handed to newcomers", () => {
    const bench = new Bench();
    bench.hear(event(3));
    bench.hear(event(3));
    bench.hear(event(3, "restart"));
    expect(bench.events).toEqual(["deploy", "restart"]);
    expect(bench.told).toHaveLength(2);
    expect(bench.state().events).toMatchObject([{ time: 3, events: [{}, {}] }]);
  });

  it("history before our time is not delivered; what a later exchange repairs is", () => {
    const bench = new Bench();
    const deploy = { name: "deploy", payload: noBytes };
    const old = [{ time: 5, events: [deploy] }];
    bench.session.mergeUserState(encodeSerf({ ...state, eventTime: 6, events: old }));
    expect(bench.events).toEqual([]);
    const later = [...old, { time: 6, events: [deploy] }];
    bench.session.mergeUserState(encodeSerf({ ...state, eventTime: 7, events: later }));
    expect(bench.events).toEqual(["deploy"]);
    expect(bench.told).toEqual([]);
  });

  it("ours are not delivered to ourselves when they come back", () => {
    const bench = new Bench();
    const bytes = bench.session.userEvent("deploy", noBytes, false);
    bench.hear(accepted(decodeSerf(bytes)));
    expect(bench.events).toEqual([]);
    expect(bench.told).toEqual([]);
  });

  it("are remembered for 512 times, 64 to a time, and not beyond 256 KiB", () => {
    const recent = new RecentEvents();
    expect(recent.take(event(1), 2 + RECENT_TIMES)).toBe(false);
    expect(recent.take(event(2), 2 + RECENT_TIMES)).toBe(true);
    for (let index = 0; index < RECENT_PER_TIME_MAX; index += 1) {
      expect(recent.take(event(600, `e${index}`), 601)).toBe(true);
    }
    expect(recent.take(event(600, "one more"), 601)).toBe(false);
    for (let time = 600; time < 700; time += 1) recent.take(event(time, "large", 9_000), time + 1);
    expect(recent.bytes).toBeLessThanOrEqual(RECENT_EVENTS_MAX_BYTES);
    expect(recent.slots().at(-1)?.time).toBe(699);
    for (let time = 700; time < 5_000; time += 1) recent.take(event(time), time + 1);
    expect(recent.slots().length).toBeLessThanOrEqual(RECENT_TIMES + 2);
  });
});

describe("queries", () => {
  it("are asked and passed on once, unless they are not to be", () => {
    const bench = new Bench();
    bench.hear(query);
    bench.hear(query);
    bench.hear({ ...query, id: 2, name: "quiet", noBroadcast: true });
    expect(bench.asked).toEqual(["load", "quiet"]);
    expect(bench.told).toMatchObject([{ type: "query", id: 1 }]);
  });

  it("a query of ours that comes back is not asked again", () => {
    const bench = new Bench();
    bench.hear(bench.session.query({ ...query, id: 7 }));
    expect(bench.asked).toEqual([]);
  });

  it("are remembered 64 to a time", () => {
    const recent = new RecentQueries();
    for (let id = 0; id < RECENT_PER_TIME_MAX; id += 1) expect(recent.take(3, id, 4)).toBe(true);
    expect(recent.take(3, 1_000, 4)).toBe(false);
    expect(recent.take(3, 1, 4 + RECENT_TIMES)).toBe(false);
  });

  it("answers are handed on to whom they are for", () => {
    const bench = new Bench();
    const answer = {
      type: "queryResponse",
      time: 1,
      id: 1,
      from: "c",
      ack: true,
      payload: noBytes,
    } as const;
    const relay = { type: "relay", to: query.source, payload: encodeSerf(answer) } as const;
    bench.hear({ ...relay, node: "b" });
    bench.hear({ ...relay, node: "a" });
    expect(bench.sent).toEqual(["b queryResponse"]);
    expect(bench.asked).toEqual(["answer of c"]);
  });
});

it("what has no place in a message of its own is refused, and told", () => {
  const bench = new Bench();
  bench.hear(state);
  bench.hear({ type: "keyRequest", key: noBytes });
  bench.session.mergeUserState(encodeSerf({ type: "join", time: 1, node: "b" }));
  bench.session.mergeUserState(Uint8Array.of(99));
  bench.session.receive({ from: query.source, payload: noBytes, reliable: true });
  expect(bench.refused).toEqual(["type", "type", "type", "unknown", "truncated"]);
});
