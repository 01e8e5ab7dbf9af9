import { accepted } from "../test-support/bytes.ts";
import { fastTiming, until } from "../test-support/members.ts";
import { decodeSerf } from "../wire/serf-decoder.ts";
import { encodeSerf } from "../wire/serf-encoder.ts";
import type { SerfUserEvent } from "../wire/serf-messages.ts";
import { formatAddress } from "./addresses.ts";
import { GossipNode } from "./gossip-node.ts";
import { Keyring } from "./keyring.ts";
import { SerfNode } from "./serf-node.ts";
import { QUERIES_ASKED_MAX, QUERIES_RUNNING_MAX, type SerfNodeOptions } from "./serf-options.ts";
import { isFor } from "./serf-queries.ts";
import { encodeTags } from "../wire/tags.ts";

const nodes: SerfNode[] = [];
afterEach(() => Promise.all(nodes.splice(0).map((node) => node.close())));

async function start(
  name: string,
  options: Partial<SerfNodeOptions> = {},
  live: number = nodes.length + 1,
): Promise<SerfNode> {
  const seeds = nodes[0] === undefined ? [] : [formatAddress(nodes[0].gossip.address)];
  const node = await SerfNode.start({
    ...{ name, bindHost: "127.0.0.1", bindPort: 0, timing: fastTiming, seeds },
    ...options,
  });
  nodes.push(node);
  await until(() => nodes.every(({ gossip }) => gossip.status().live === live));
  return node;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const none = new Uint8Array(0);

describe("members of Serf among themselves", () => {
  it("see each other's tags, also when they change", async () => {
    const a = await start("a", { tags: { role: "web" } });
    const b = await start("b");
    const seen = (): unknown =>
      Object.fromEntries(b.members().find(({ name }) => name === "a")!.tags!);
    expect(seen()).toEqual({ role: "web" });
    await a.setTags({ role: "db", rack: "7" });
    await until(() => Object.keys(seen() as object).length === 2);
    await expect(a.setTags({ x: "y".repeat(600) })).rejects.toThrow(RangeError);
    await expect(SerfNode.start({ name: "c", tags: { x: "y".repeat(600) } })).rejects.toThrow(
      RangeError,
    );
  });

  it("an event is heard once by everybody else, and by a newcomer not at all", async () => {
    const heard: string[] = [];
    const listener = (name: string) => ({
      onUserEvent: (event: SerfUserEvent) => heard.push(`${name} ${event.name}`),
    });
    const a = await start("a", listener("a"));
    await start("b", listener("b"));
    await start("c", listener("c"));
    await a.userEvent("deploy", bytes("v1"));
    await until(() => heard.length >= 2);
    await start("d", listener("d"));
    await a.userEvent("restart", none, { coalesce: true });
    await until(() => heard.length >= 5);
    expect(heard.toSorted()).toEqual([
      ...["b deploy", "b restart", "c deploy", "c restart", "d restart"],
    ]);
    await expect(a.userEvent("large", new Uint8Array(508))).rejects.toThrow(RangeError);
    await a.userEvent("large", new Uint8Array(507));
  });

  it("a query is answered by those it is for, directly and through others", async () => {
    const onQuery: SerfNodeOptions["onQuery"] = ({ name, from }) =>
      name === "who" ? Promise.resolve(bytes(`asked by ${from}`)) : null;
    const a = await start("a");
    await start("b", { onQuery, tags: { role: "web" } });
    await start("c", { onQuery });
    const all = await a.query("who", none, { timeoutMs: 1_000, relayFactor: 1 });
    expect(all.acks.toSorted()).toEqual(["b", "c"]);
    expect(
      all.answers
        .map(({ from, payload }) => `${from}: ${Buffer.from(payload).toString()}`)
        .toSorted(),
    ).toEqual(["b: asked by a", "c: asked by a"]);
    const filters = [{ kind: "tag", tag: "role", expression: "^web$" }] as const;
    const some = await a.query("who", none, { timeoutMs: 500, filters, ack: false });
    expect(some).toMatchObject({ acks: [], answers: [{ from: "b" }] });
    await expect(a.query("who", new Uint8Array(1_024))).rejects.toThrow(RangeError);
  });

  it("a handler that throws, or is asked too much at a time, is told; the others are answered", async () => {
    const told: string[] = [];
    let waiting = 0;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const a = await start("a");
    await start("b", {
      onQuery: async ({ name }) => {
        if (name === "throw") throw new Error("no");
        if (name === "large") return new Uint8Array(1_024);
        waiting += 1;
        await released;
        return none;
      },
      observer: {
        onQueryFailed: ({ name }) => told.push(`failed ${name}`),
        onQueryDropped: ({ name }) => told.push(`dropped ${name}`),
        onNotSent: (error) => told.push(error instanceof RangeError ? "too large" : String(error)),
      },
    });
    const quick = { timeoutMs: 200 };
    expect((await a.query("throw", none, quick)).acks).toEqual(["b"]);
    expect((await a.query("large", none, quick)).answers).toEqual([]);
    const asked = Array.from({ length: QUERIES_ASKED_MAX }, () =>
      a.query("wait", none, { timeoutMs: 60_000 }),
    );
    await expect(a.query("one more", none)).rejects.toThrow("too many queries");
    await until(() => waiting === QUERIES_RUNNING_MAX);
    expect(told).toEqual(["failed throw", "too large"]);
    const c = await start("c");
    await c.query("wait", none, quick);
    await until(() => told.at(-1) === "dropped wait"); // it may take longer than the asker waits
    release();
    await a.close(); // ends all that wait
    expect((await Promise.all(asked)).length).toBe(QUERIES_ASKED_MAX);
  });

  it("whom it knows by a name is told to who asks of a conflict", async () => {
    const a = await start("a");
    const b = await start("b");
    await start("c");
    const { answers } = await a.query("_serf_conflict", bytes("b"), { timeoutMs: 500 });
    expect(answers.map(({ from }) => from)).toEqual(["c"]); // b does not vote on itself
    expect(accepted(decodeSerf(answers[0]!.payload))).toEqual({
      type: "conflictResponse",
      name: "b",
      address: b.gossip.address,
    });
  });

  it("keys are installed, used and removed by query, unless that is not accepted", async () => {
    const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const rings = [new Keyring(old), new Keyring(old), new Keyring(old)] as const;
    const a = await start("a", { keyring: rings[0] });
    await start("b", { keyring: rings[1] });
    await start("c", { keyring: rings[2], acceptKeyQueries: false });
    const request = (key: Uint8Array): Uint8Array => encodeSerf({ type: "keyRequest", key });
    const ask = async (action: string, key: Uint8Array): Promise<unknown[]> => {
      const asked = await a.query(`_serf_${action}-key`, request(key), { timeoutMs: 500 });
      return asked.answers.map(({ from, payload }) => [from, accepted(decodeSerf(payload))]);
    };
    const done = { type: "keyResponse", result: true, message: "", keys: [], primaryKey: "" };
    expect(await ask("install", next)).toEqual([["b", done]]);
    expect(rings[1].keys).toEqual([old, next]);
    expect(rings[2].keys).toEqual([old]);
    expect(await ask("remove", old)).toMatchObject([["b", { result: false }]]);
    expect(await ask("install", new Uint8Array(5))).toMatchObject([["b", { result: false }]]);
  });

  it("a change of keys is acknowledged once it was kept, and not if that failed", async () => {
    const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const ring = new Keyring(old);
    const steps: string[] = [];
    let fails = false;
    const onKeysChanged = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (fails) throw new Error("the disk is full");
      steps.push(`kept ${ring.keys.length}`);
    };
    const a = await start("a", { keyring: new Keyring(old, [next]) });
    await start("b", { keyring: ring, onKeysChanged });
    const ask = async (action: string, key: Uint8Array): Promise<readonly unknown[]> => {
      const request = encodeSerf({ type: "keyRequest", key });
      const asked = await a.query(`_serf_${action}`, request, { timeoutMs: 500 });
      return asked.answers.map(({ payload }) => accepted(decodeSerf(payload)));
    };
    // A member that is slow answers too late; who rotates keys asks again.
    const answered = async (...asks: Parameters<typeof ask>): Promise<unknown> => {
      let answers = await ask(...asks);
      while (answers.length === 0) answers = await ask(...asks);
      return answers[0];
    };
    expect(await answered("install-key", next)).toMatchObject({ result: true });
    expect(steps.at(-1)).toBe("kept 2");
    const before = steps.length;
    expect(await answered("list-keys", none)).toMatchObject({ result: true });
    expect(await answered("remove-key", old)).toMatchObject({ result: false }); // it is in use
    expect(steps).toHaveLength(before); // nothing was to be kept
    fails = true;
    expect(await answered("use-key", next)).toMatchObject({
      result: false,
      message: "the disk is full",
    });
  });

  it("its leave is heard even while most members are gone and not yet found out", async () => {
    const heard: string[] = [];
    const a = await GossipNode.start({
      ...{ name: "a", bindHost: "127.0.0.1", bindPort: 0, timing: fastTiming },
      layer: {
        receive: ({ payload }) => heard.push(accepted(decodeSerf(payload)).type),
        userState: () => none,
        mergeUserState: () => undefined,
      },
    });
    const seeds = [formatAddress(a.address)];
    const b = await start("b", { seeds, timing: { ...fastTiming, retransmitMult: 1 } }, 2);
    const gone = await Promise.all(
      ["c", "d", "e"].map((name) =>
        GossipNode.start({ name, bindHost: "127.0.0.1", bindPort: 0, timing: fastTiming, seeds }),
      ),
    );
    await until(() => b.gossip.status().live === 5);
    await Promise.all(gone.map((node) => node.close()));
    await b.leave();
    await until(() => heard.includes("leave"));
    await a.close();
  });

  it("leaves, and has left for the others", async () => {
    const a = await start("a");
    const b = await start("b");
    await b.leave();
    await until(() => a.members().find(({ name }) => name === "b")?.standing === "left");
    await expect(b.userEvent("late", none)).rejects.toMatchObject({ reason: "leaving" });
  });
});

describe("filters of queries", () => {
  const member = { name: "a", meta: encodeTags(new Map([["role", "web1"]])) };
  it.each([
    [[], true],
    [[{ kind: "names", names: ["b", "a"] }], true],
    [[{ kind: "names", names: [] }], false],
    [[{ kind: "tag", tag: "role", expression: "^web\\d$" }], true],
    [[{ kind: "tag", tag: "role", expression: "db" }], false],
    [[{ kind: "tag", tag: "absent", expression: "^$" }], true],
    [[{ kind: "tag", tag: "role", expression: "(" }], false],
    [[{ kind: "unknown" }], false],
    [[{ kind: "names", names: ["a"] }, { kind: "unknown" }], false],
  ] as const)("%j: %s", (filters, answer) => {
    expect(isFor(filters, member)).toBe(answer);
  });
});
