import { createServer, type Server } from "node:http";
import { once } from "node:events";

import { until } from "../../e2e/support/until.ts";
import { EventStream } from "../test-support/event-stream.ts";
import { WatchedTable } from "../test-support/watched-table.ts";
import { changedWithin } from "./long-poll.ts";
import { WatchStreams, type StreamTimes } from "./streams.ts";
import { WatchDesk } from "./watch-desk.ts";

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Served {
  readonly table: WatchedTable;
  readonly desk: WatchDesk;
  readonly url: string;
  readonly set: (name: string, value: bigint) => void;
}

const servers: Server[] = [];
const clients: EventStream[] = [];

/** Streams about what the path names, over a real server; `/` is all of them. */
async function setup(
  options: { readonly times?: StreamTimes; readonly watchersMax?: number } = {},
): Promise<Served> {
  const table = new WatchedTable();
  const desk = new WatchDesk(() => table, options.watchersMax ?? 10);
  const streams = new WatchStreams(desk, options.times);
  const server = createServer((incoming, outgoing) => {
    const name = (incoming.url ?? "").slice(1);
    const { "last-event-id": last } = incoming.headers;
    const target =
      name === ""
        ? ({ kind: "prefix", prefix: "" } as const)
        : ({ kind: "counter", name } as const);
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    const place = typeof last === "string" ? table.placeOf(last) : null;
    streams.serve({ target, place }, outgoing);
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  const set = (name: string, value: bigint): void => {
    table.set(name, value);
    desk.changed(name);
  };
  return { table, desk, url: `http://127.0.0.1:${address.port}`, set };
}

async function open(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  const client = await EventStream.open(url, headers);
  clients.push(client);
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

describe("a stream of events", () => {
  test("begins with the state, goes on with every change, and resumes with the last id", async () => {
    const { url, set } = await setup();
    set("a", 1n);
    const client = await open(`${url}/a`);
    await client.until("the state", () => client.lastValue === "1");
    set("a", 2n);
    await client.until("the change", () => client.lastValue === "2");
    expect(client.events.at(-1)).toEqual({
      type: "value",
      id: "0.2",
      data: {
        name: "a",
        value: "2",
        version: "s0-2",
        at: expect.stringMatching(isoTime) as string,
      },
    });
    client.close();
    set("a", 3n);
    const again = await open(`${url}/a`, { "last-event-id": client.lastId ?? "" });
    await again.until("what it missed", () => again.lastValue === "3");
    expect(again.events).toHaveLength(1);
  });

  test("tells of a deletion, and of a restore with a reset", async () => {
    const { url, set, table, desk } = await setup();
    set("a", 1n);
    const client = await open(`${url}/a`);
    await client.until("the state", () => client.events.length === 1);
    table.delete("a");
    desk.changed("a");
    await client.until("the deletion", () => client.events.length === 2);
    expect(client.events[1]).toMatchObject({ type: "deleted", data: { name: "a" } });
    table.replace({ a: 9n });
    desk.replaced();
    await client.until("the restored state", () => client.events.length === 3);
    expect(client.events[2]).toMatchObject({ type: "value", data: { value: "9", reset: true } });
  });

  test("is kept alive by comments while nothing happens", async () => {
    const { url } = await setup({ times: { keepAliveMs: 40, stalledMaxMs: 60_000 } });
    const client = await open(`${url}/a`);
    await client.until("comments", () => client.comments.length >= 3);
    expect(new Set(client.comments)).toEqual(new Set(["keep-alive"]));
  });

  test("ends with a comment that says why when the node stops, and nobody comes in any more", async () => {
    const { url, desk } = await setup();
    const client = await open(`${url}/a`);
    await client.until("the state", () => client.events.length === 1);
    desk.close("this node is stopping");
    await client.until("the end", () => client.ended);
    expect(client.comments).toEqual(["this node is stopping"]);
    expect(() => desk.requireRoom()).toThrow("this node is stopping");
    expect(desk.size).toBe(0);
    desk.open();
    expect(() => desk.requireRoom()).not.toThrow();
  });

  test("a watcher beyond the limit is refused, and one that has left makes room", async () => {
    const { url, desk } = await setup({ watchersMax: 2 });
    const first = await open(`${url}/a`);
    await open(`${url}/`);
    expect(() => desk.requireRoom()).toThrow("2 watchers are served already");
    expect(() => desk.watch({ kind: "counter", name: "a" }, null, noOutlet)).toThrow();
    first.close();
    const third = await until("the server has heard of the closed connection", () =>
      desk.watch({ kind: "counter", name: "a" }, null, noOutlet),
    );
    third.cancel();
    expect(desk.size).toBe(1);
  });
});

describe("a client that does not read", () => {
  /** Names that are long, so that the connection is full soon. */
  const long = (number: number): string => `${"x".repeat(100)}${number}`;

  test("costs a bounded amount of memory, and is told the latest state when it reads again", async () => {
    const { url, set, table } = await setup();
    const client = await open(`${url}/`);
    await client.until("the beginning", () => client.events.length === 1);
    client.pause();
    let rounds = 0;
    const heapBefore = process.memoryUsage().heapUsed;
    for (; rounds < 200; rounds += 1) {
      for (let number = 0; number < 100; number += 1) set(long(number), BigInt(rounds));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(64 * 1024 * 1024);
    client.resume();
    const latest = (): boolean => {
      const values = new Map(client.events.map(({ data }) => [data["name"], data["value"]]));
      return Array.from({ length: 100 }, (_, number) => values.get(long(number))).every(
        (value) => value === String(rounds - 1),
      );
    };
    await client.until("the latest of each", latest);
    expect(client.lastId).toBe(table.token());
  });

  test("is given up after a while", async () => {
    const { url, set, desk } = await setup({ times: { keepAliveMs: 100, stalledMaxMs: 200 } });
    const client = await open(`${url}/`);
    client.pause();
    let value = 0n;
    await until("it is given up", () => {
      value += 1n;
      for (let number = 0; number < 200; number += 1) set(long(number), value);
      return desk.size === 0;
    });
    client.resume();
    await client.until("the end", () => client.ended);
  });
});

describe("a read that waits", () => {
  test("is answered when the counter changes, and not when another one does", async () => {
    const { table, desk, set } = await setup();
    set("a", 1n);
    const place = table.placeOf(table.token());
    const poll = changedWithin(desk, { name: "a", place, waitMs: 60_000 });
    set("b", 1n);
    set("a", 2n);
    expect(await poll).toBe(true);
    expect(desk.size).toBe(0);
  });

  test("is answered at once if it has changed already", async () => {
    const { table, desk, set } = await setup();
    const place = table.placeOf(table.token());
    set("a", 1n);
    expect(await changedWithin(desk, { name: "a", place, waitMs: 60_000 })).toBe(true);
  });

  test("ends without news after its time, when nobody waits any more, and when the node stops", async () => {
    const { table, desk, set } = await setup();
    set("a", 1n);
    const place = table.placeOf(table.token());
    expect(await changedWithin(desk, { name: "a", place, waitMs: 20 })).toBe(false);
    const asked = { name: "a", place, waitMs: 60_000 };
    expect(await changedWithin(desk, asked, (gone) => gone())).toBe(false);
    const poll = changedWithin(desk, asked);
    desk.close("this node is stopping");
    expect(await poll).toBe(false);
    expect(desk.size).toBe(0);
  });

  test("counts as a watcher", async () => {
    const { table, desk } = await setup({ watchersMax: 0 });
    const place = table.placeOf("0.0");
    await expect(changedWithin(desk, { name: "a", place, waitMs: 1 })).rejects.toMatchObject({
      code: "overloaded",
    });
  });
});

const noOutlet = { tell: () => undefined, ready: () => true, end: () => undefined };
