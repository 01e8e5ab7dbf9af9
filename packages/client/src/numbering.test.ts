/** A session that the service keeps: C9, C10. */
import { sessionWaitingMax, sessionWritesMax, type OpenSession } from "./index.ts";
import { FaultServer, type Fault } from "./test-support/fault-server.ts";
import { added, clientOf, counter, failure, problem } from "./test-support/replies.ts";

const session = (id: string): Fault => {
  const json = { id, idleTimeoutMs: 3_600_000, unacknowledgedMax: 64 };
  return { status: 201, json };
};
const unknown = problem(409, "session-unknown", { outcome: "unknown" });

/** What was asked of a server, a line each: the path, and the place in a session. */
function asked({ asked: list }: FaultServer): string[] {
  return list.map(({ method, path, headers }) => {
    const place = headers["counter-session"] ?? (headers["idempotency-key"] ? "key" : "");
    return `${method} ${path.replace(/^\/v1\//, "")} ${String(place)}`.trimEnd();
  });
}

async function started(...faults: readonly Fault[]): Promise<[FaultServer, OpenSession]> {
  const server = await FaultServer.start(...faults);
  return [server, clientOf([server]).openSession()];
}

const add = "POST counters/o/add";

describe("a session that is kept", () => {
  it("begins with the first write, and numbers all of them", async () => {
    const [server, open] = await started(session("s1"), added, added, counter, { status: 204 });
    expect(open.id).toBeNull();
    await open.counter("o").add(1n);
    await open.counter("o").add(1n);
    await open.counter("o").get({ consistency: "local" });
    expect(open.id).toBe("s1");
    await open.close();
    await open.close();
    expect(asked(server)).toEqual([
      "POST sessions",
      `${add} s1; seq=1; ack=0`,
      `${add} s1; seq=2; ack=1`,
      "GET counters/o?consistency=local",
      "DELETE sessions/s1",
    ]);
    expect(server.asked[3]!.headers["counter-at-least"]).toBe("AgEC");
    const error = await failure(open.counter("o").add(1n));
    expect(error).toMatchObject({ code: "invalid-argument", outcome: "not-applied" });
  });

  it("sends a write again with its number, whatever happens to the replies", async () => {
    const noLeader = problem(503, "no-leader");
    const doubtful = problem(504, "outcome-unknown");
    const faults: Fault[] = ["reset", noLeader, doubtful, "truncate", added, added];
    const [server, open] = await started("reset", session("s1"), ...faults);
    await open.counter("o").add(1n);
    await open.counter("o").add(1n);
    const first = Array<string>(5).fill(`${add} s1; seq=1; ack=0`);
    const sent = ["POST sessions", "POST sessions", ...first, `${add} s1; seq=2; ack=1`];
    expect(asked(server)).toEqual(sent);
  });

  it.each([
    { what: "in eventual mode", refusal: problem(409, "mode-mismatch") },
    { what: "of an earlier release", refusal: problem(404, "not-found") },
  ])("has keys where the service $what keeps none", async ({ refusal }) => {
    const [server, open] = await started(refusal, added);
    await open.counter("o").add(1n);
    await open.counter("o").add(1n);
    await open.close();
    expect(asked(server)).toEqual(["POST sessions", `${add} key`, `${add} key`]);
  });

  it("leaves keys of the caller's alone", async () => {
    const [server, open] = await started(added);
    await open.counter("o").add(1n, { key: "mine" });
    await open.counter("o").add(1n, { key: null });
    server.answersWith({ status: 200, json: { results: [{ status: 204 }] } });
    await open.batch([{ op: "delete", counter: "o", key: "its-own" }]);
    expect(asked(server)).toEqual([`${add} key`, add, "POST batch key"]);
  });

  it("tells that there is no room for it, and nothing was written", async () => {
    const full = problem(409, "too-full", { retryable: false });
    const [server, open] = await started(full);
    const writes = [open.counter("o").add(1n), open.counter("o").add(1n)];
    for (const write of writes) {
      expect(await failure(write)).toMatchObject({ code: "too-full", outcome: "not-applied" });
    }
    expect(asked(server)).toEqual(["POST sessions"]);
    server.answersWith(session("s2"), added);
    await open.counter("o").add(1n);
    expect(asked(server).at(-1)).toBe(`${add} s2; seq=1; ack=0`);
  });
});

describe("a session that the service does not know any more", () => {
  it("is begun anew for a write that certainly was not carried out", async () => {
    const [server, open] = await started(session("s1"), added, unknown, session("s2"), added);
    await open.counter("o").add(1n);
    await open.counter("o").add(1n);
    await open.counter("o").add(1n);
    expect(asked(server).slice(2)).toEqual([
      `${add} s1; seq=2; ack=1`,
      "POST sessions",
      `${add} s2; seq=1; ack=0`,
      `${add} s2; seq=2; ack=1`,
    ]);
  });

  it("leaves one in doubt that may have been, and never repeats it", async () => {
    const [server, open] = await started(session("s1"), "reset", unknown, session("s2"), added);
    const error = await failure(open.counter("o").add(1n));
    expect(error).toMatchObject({
      name: "OutcomeUnknownError",
      outcome: "unknown",
      key: null,
      cause: { code: "session-unknown" },
    });
    await open.counter("o").add(1n);
    expect(asked(server)).toEqual([
      "POST sessions",
      ...Array<string>(2).fill(`${add} s1; seq=1; ack=0`),
      "POST sessions",
      `${add} s2; seq=1; ack=0`,
    ]);
  });

  it("is begun anew a few times and not for ever", async () => {
    const [server, open] = await started((response, { path }) => {
      const fault = path === "/v1/sessions" ? session("s1") : unknown;
      if (typeof fault !== "object") return;
      const { status, json } = fault;
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    });
    const error = await failure(open.counter("o").add(1n));
    expect(error).toMatchObject({ code: "session-unknown" });
    expect(asked(server)).toHaveLength(8);
  });
});

describe("writes of a session at a time", () => {
  /** Begins sessions, and keeps everything else waiting until it is let go. */
  async function held(): Promise<[FaultServer, OpenSession, (count: number) => void]> {
    const waiting: (() => void)[] = [];
    const [server, open] = await started(session("s1"), (response) => {
      waiting.push(() => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(added.json));
      });
    });
    return [server, open, (count) => waiting.splice(0, count).forEach((letGo) => letGo())];
  }

  it(`are ${sessionWritesMax} at most; a further one waits until the first is over`, async () => {
    const [server, open, letGo] = await held();
    const writes = Array.from({ length: sessionWritesMax + 1 }, () => open.counter("o").add(1n));
    await server.wasAsked(1 + sessionWritesMax);
    expect(new Set(asked(server)).size).toBe(1 + sessionWritesMax);
    const places = asked(server).slice(1);
    expect(places.every((place) => place.endsWith("ack=0"))).toBe(true);
    letGo(sessionWritesMax);
    await server.wasAsked(2 + sessionWritesMax);
    letGo(1);
    await Promise.all(writes);
    expect(asked(server).at(-1)).toMatch(/seq=65; ack=[1-9]/);
  });

  it("wait with bounds: so many, so long, and until their signal", async () => {
    const [server, open, letGo] = await held();
    const running = Array.from({ length: sessionWritesMax }, () => open.counter("o").add(1n));
    await server.wasAsked(1 + sessionWritesMax);
    const late = failure(open.counter("o").add(1n, { timeoutMs: 20 }));
    expect(await late).toMatchObject({ code: "unreachable", outcome: "not-applied" });
    const abort = new AbortController();
    const ended = failure(open.counter("o").add(1n, { signal: abort.signal }));
    abort.abort();
    expect(await ended).toMatchObject({ name: "AbortError", outcome: "not-applied" });
    const queue = Array.from({ length: sessionWaitingMax }, () => open.counter("o").add(1n));
    const busy = await failure(open.counter("o").add(1n));
    expect(busy).toMatchObject({ code: "session-busy", outcome: "not-applied", retryable: true });
    expect(server.asked).toHaveLength(1 + sessionWritesMax);
    const closing = open.close();
    server.answersWith({ status: 204 });
    letGo(sessionWritesMax);
    await Promise.all(running);
    for (const write of queue)
      expect(await failure(write)).toMatchObject({ code: "invalid-argument" });
    await closing;
    expect(asked(server).at(-1)).toBe("DELETE sessions/s1");
  });

  it("that are given up are over: their numbers are not used again", async () => {
    const [server, open] = await started(session("s1"), "hang");
    const abort = new AbortController();
    const ended = failure(open.counter("o").add(1n, { signal: abort.signal }));
    await server.wasAsked(2);
    abort.abort();
    expect(await ended).toMatchObject({ name: "AbortError", outcome: "unknown" });
    server.answersWith(added);
    await open.counter("o").add(1n);
    expect(asked(server).at(-1)).toBe(`${add} s1; seq=2; ack=1`);
  });
});
