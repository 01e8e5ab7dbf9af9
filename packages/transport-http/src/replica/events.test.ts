import { bytes, patient, Replicas, say } from "../test-support/replicas.ts";
import { Pace } from "./events.ts";
import { defaultReplicaLimits, resolveReplicaLimits } from "./options.ts";
import { RECORDS_TYPE } from "./routes.ts";

const replicas = new Replicas();
afterEach(() => replicas.endAll());

describe("what a log is told", () => {
  it("when a peer answers, when it fails, and when it answers again", async () => {
    let up = false;
    let now = 0;
    const n2 = await replicas.listen({}, async (_, request) => {
      if (!up) throw new Error("not yet");
      return request;
    });
    const n1 = replicas.caller({ now: () => now });
    const ask = (): Promise<unknown> =>
      n1.transport.exchange(n2.address, "sync", bytes("x"), patient).catch(() => null);
    for (let i = 0; i < 5; i += 1) await ask();
    now += 5000;
    await ask();
    up = true;
    now += 4999;
    await ask();
    now += 1;
    for (let i = 0; i < 3; i += 1) await ask();
    now += 50_000;
    await ask();
    const peer = n2.address;
    expect(n1.events).toMatchObject([
      { type: "failed", peer, kind: "sync", code: "REPLICA_REFUSED", count: 1 },
      { type: "failed", peer, code: "REPLICA_REFUSED", count: 5 },
      { type: "connected", peer },
    ]);
  });

  it("refusals of one sender, counted", async () => {
    let now = 0;
    const n1 = await replicas.listen({ now: () => now });
    const knock = (): Promise<unknown> =>
      say(n1.port, { path: "/nowhere", headers: { "Content-Type": RECORDS_TYPE } });
    for (let i = 0; i < 4; i += 1) await knock();
    now += 5000;
    await knock();
    expect(n1.events).toMatchObject([
      { type: "refused", from: "127.0.0.1", code: "not-found", count: 1 },
      { type: "refused", from: "127.0.0.1", code: "not-found", count: 4 },
    ]);
  });
});

describe("the pace", () => {
  it("forgets the key that was silent for longest when there are too many", () => {
    const pace = new Pace({ everyMs: 10, keysMax: 2, now: () => 0 });
    expect(["a", "b", "a", "b"].map((key) => pace.admit(key, "x"))).toEqual([1, 1, 0, 0]);
    expect(pace.admit("c", "x")).toBe(1);
    expect(["b", "c", "a"].map((key) => pace.admit(key, "x"))).toEqual([0, 0, 1]);
  });

  it("says what is said once not again, and what changed at the next chance", () => {
    let now = 0;
    const pace = new Pace({ everyMs: 10, keysMax: 2, now: () => now });
    const at = (time: number, state: string, once: boolean): number => {
      now = time;
      return pace.admit("a", state, { once });
    };
    expect([at(0, "up", true), at(50, "up", true), at(51, "down", false)]).toEqual([1, 0, 1]);
    expect([at(52, "up", true), at(60, "up", true), at(61, "up", true)]).toEqual([0, 0, 3]);
  });
});

describe("options", () => {
  it.each([
    { what: "a limit of nothing", change: { limits: { bodiesMax: 0 } } },
    { what: "half a millisecond", change: { limits: { bodyTimeoutMs: 0.5 } } },
    { what: "a wait that no timer takes", change: { limits: { exchangeTimeoutMs: 2 ** 31 } } },
    { what: "an address that no header holds", change: { from: "a b" } },
  ])("$what is refused", ({ change }) => {
    expect(() => resolveReplicaLimits(change)).toThrow(RangeError);
  });

  it("the defaults are fine", () => {
    expect(resolveReplicaLimits({})).toEqual(defaultReplicaLimits);
  });
});
