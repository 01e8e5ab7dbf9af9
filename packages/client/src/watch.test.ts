import type { ServerResponse } from "node:http";

import { FaultServer, type Fault } from "./test-support/fault-server.ts";
import { clientOf, failure, problem } from "./test-support/replies.ts";
import { unreadMax, type WatchEvent } from "./watch.ts";

const value = (number: number, more: Readonly<Record<string, unknown>> = {}): string => {
  const data = { name: "orders", value: String(number), version: `s0-${number}`, ...more };
  return `event: value\nid: T${number}\ndata: ${JSON.stringify(data)}\n\n`;
};

/** A stream that says this, and then ends or goes on in silence. */
function stream(text: string, then: "end" | "stay" = "stay"): Fault {
  return (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`retry: 10\n\n${text}`);
    if (then === "end") response.end();
  };
}

/** The first events of a watch, which is then given up. */
async function first(
  count: number,
  events: AsyncGenerator<WatchEvent, void, undefined>,
): Promise<WatchEvent[]> {
  const seen: WatchEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (seen.length === count) break;
  }
  return seen;
}

describe("watching a counter", () => {
  it("tells values and deletions, with what they stand for", async () => {
    const text = `${value(1)}event: deleted\nid: T2\ndata: {"name":"orders"}\n\n`;
    const server = await FaultServer.start(stream(text));
    const events = clientOf([server]).counter("orders").watch();
    const seen = [];
    for await (const event of events) {
      seen.push(event);
      if (event.type === "deleted") break;
    }
    // Of a reader that is slow the value may be skipped.
    expect(seen.at(-1)).toMatchObject({ type: "deleted", name: "orders", token: "T2" });
    expect(server.asked[0]).toMatchObject({
      path: "/v1/counters/orders/watch",
      headers: { accept: "text/event-stream" },
    });
  });

  it("goes on where it was, at another node, when a stream ends or breaks", async () => {
    const one = await FaultServer.start(stream(value(1), "end"));
    const other = await FaultServer.start(stream(value(2), "end"), stream(value(3)));
    one.answersWith(stream(value(1), "end"), stream(value(3)));
    const client = clientOf([one, other]);
    const seen: bigint[] = [];
    for await (const event of client.counter("orders").watch()) {
      if (event.type === "value") seen.push(event.value);
      if (seen.at(-1) === 3n) break;
    }
    expect(seen).toEqual([...seen].sort((a, b) => (a < b ? -1 : 1)));
    const asked = [...one.asked, ...other.asked];
    expect(asked.map(({ headers }) => headers["last-event-id"])).toContain("T1");
  });

  it("never goes back to an older version, but after a restore", async () => {
    const text = [value(5), value(4), value(6), value(2, { version: "s1-2" })];
    const server = await FaultServer.start(
      stream(text[0]!, "end"),
      stream(text[1]! + text[2]!, "end"),
      stream(text[3]!),
    );
    const events = clientOf([server]).counter("orders").watch();
    const values = (await first(3, events)).map((event) => event.type === "value" && event.value);
    expect(values).toEqual([5n, 6n, 2n]);
  });

  it("begins anew when what it has seen is of before a restore", async () => {
    const server = await FaultServer.start(
      stream(value(5), "end"),
      problem(409, "token-foreign", { retryable: false }),
      stream(value(1)),
    );
    const events = clientOf([server]).counter("orders").watch();
    expect(await first(2, events)).toMatchObject([
      { value: 5n, reset: false },
      { value: 1n, reset: true },
    ]);
    expect(server.asked[2]!.headers["last-event-id"]).toBeUndefined();
  });

  it("of a prefix says when everything was told, and whether there was a gap before", async () => {
    const synced = (id: string): string => `${id}event: synced\ndata: {"reset":false}\n\n`;
    const server = await FaultServer.start(
      stream(value(1).replace("id: T1\n", ""), "end"),
      stream(value(1).replace("id: T1\n", "") + synced("id: T1\n"), "end"),
      stream(value(2) + synced("")),
    );
    const seen: WatchEvent[] = [];
    for await (const event of clientOf([server]).watch()) {
      seen.push(event);
      if (event.type === "synced" && !event.reset) break;
    }
    const told = seen.map((event) => `${event.type}${event.reset ? " reset" : ""}`);
    expect(told).toEqual(["value", "value reset", "synced reset", "value", "synced"]);
    expect(server.asked[2]!.headers["last-event-id"]).toBe("T1");
  });

  it("waits for a node that takes no watchers now, and asks another one", async () => {
    const full = await FaultServer.start(problem(503, "overloaded", { retryAfterMs: 10 }));
    const server = await FaultServer.start(stream(value(1)));
    for (let round = 0; round < 3; round += 1) {
      const events = clientOf([full, server]).counter("orders").watch();
      expect(await first(1, events)).toMatchObject([{ value: 1n }]);
    }
  });

  it.each([
    ["there is no such counter", problem(404, "counter-not-found"), "counter-not-found"],
    ["an event is no JSON", stream("event: value\ndata: hello\n\n"), "reply-invalid"],
    ["a value is none", stream('event: value\ndata: {"value":"x"}\n\n'), "reply-invalid"],
  ])("fails when %s", async (_, fault, code) => {
    const server = await FaultServer.start(fault);
    const events = clientOf([server]).counter("orders").watch();
    expect(await failure(first(1, events))).toMatchObject({ code });
  });

  it("gives up when no node can be watched for as long as it may try", async () => {
    const server = await FaultServer.start("reset");
    const events = clientOf([server]).counter("orders").watch({ giveUpMs: 50 });
    expect(await failure(first(1, events))).toMatchObject({ code: "unreachable" });
  });

  it("ends with its signal, and lets go of the connection", async () => {
    const closed: Promise<void>[] = [];
    const server = await FaultServer.start((response, asked) => {
      closed.push(new Promise((resolve) => response.on("close", resolve)));
      const play = stream(value(1));
      if (typeof play === "function") play(response, asked);
    });
    const controller = new AbortController();
    const seen: WatchEvent[] = [];
    for await (const event of clientOf([server])
      .counter("orders")
      .watch({ signal: controller.signal })) {
      seen.push(event);
      controller.abort();
    }
    expect(seen).toHaveLength(1);
    await Promise.all(closed);
    expect(closed).toHaveLength(1);
  });

  it("gives a slow reader the newest value and not all", async () => {
    const texts = Array.from({ length: 5000 }, (_, at) => value(at + 1));
    const server = await FaultServer.start(stream(texts.join("")));
    const events = clientOf([server]).counter("orders").watch();
    let count = 0;
    for await (const event of events) {
      count += 1;
      if (event.type === "value" && event.value === 5000n) break;
    }
    expect(count).toBeLessThan(5000);
  });

  it("keeps no more unread counters than it may, and loses none", async () => {
    const total = unreadMax + 500;
    const named = (at: number): string => value(at + 1, { name: `c${at}` });
    const texts = Array.from({ length: total }, (_, at) => named(at));
    const server = await FaultServer.start(stream(texts.join("")));
    const names = new Set<string>();
    for await (const event of clientOf([server]).watch({ prefix: "c" })) {
      if (event.type === "value") names.add(event.name);
      if (names.size === total) break;
    }
    expect(names.size).toBe(total);
    expect(server.asked[0]!.path).toBe("/v1/watch?prefix=c");
  });
});
