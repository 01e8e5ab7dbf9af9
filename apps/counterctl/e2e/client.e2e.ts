/** What the client promises beyond a single call, against real nodes: sessions, watches, lists. */
import { CounterClient, type WatchEvent } from "@counter/client";

import { withCluster, type Cluster, type ClusterOptions } from "../../node/e2e/support/cluster.ts";
import { withEventual } from "../../node/e2e/support/eventual.ts";
import { within } from "../../node/e2e/support/until.ts";
import { begin, printed } from "./counterctl.ts";

const patience = { timeoutMs: 60_000 };
const urlsOf = (cluster: Cluster): readonly string[] =>
  cluster.nodes.map(({ address }) => `http://${address}`);

type Lend = (options: ClusterOptions, test: (cluster: Cluster) => Promise<void>) => Promise<void>;
const modes: readonly (readonly [string, Lend])[] = [
  ["strong", withCluster],
  ["eventual", withEventual],
];

async function sessionSeesItsWrites(cluster: Cluster): Promise<void> {
  await cluster.start();
  const urls = urlsOf(cluster);
  const session = new CounterClient({ endpoints: urls, ...patience }).session();
  for (let turn = 1n; turn <= 20n; turn += 1n) {
    await session.counter("likes").add(1n);
    for (const url of urls) {
      const there = new CounterClient({ endpoints: [url], ...patience });
      const carried = there.session(session.seen.toString());
      const options = { consistency: "local", waitSeconds: 30 };
      const { value } = await carried.counter("likes").get(options);
      expect(value).toBe(turn);
      session.seen.merge(carried.seen);
    }
  }
  expect(session.seen.tokens()).toHaveLength(1);
}

async function watchGoesOn(cluster: Cluster): Promise<void> {
  await cluster.start();
  const urls = urlsOf(cluster);
  const client = new CounterClient({ endpoints: urls, ...patience });
  await client.counter("orders").add(1n);
  const stop = new AbortController();
  const seen: bigint[] = [];
  const watching = (async (): Promise<void> => {
    for await (const event of client.counter("orders").watch({ signal: stop.signal })) {
      if (event.type === "value") seen.push(event.value);
      if (seen.at(-1) === 4n) return;
    }
  })();
  try {
    for (const victim of cluster.nodes) {
      await victim.kill();
      await client.counter("orders").add(1n);
      victim.start();
      await cluster.ready();
    }
    await within("the last value is watched", 60_000, watching);
  } finally {
    stop.abort();
    await watching;
  }
  expect(seen).toEqual([...seen].sort((a, b) => (a < b ? -1 : 1)));
  expect(seen.at(-1)).toBe(4n);
}

async function listedAndWatched(cluster: Cluster): Promise<void> {
  await cluster.start();
  const client = new CounterClient({ endpoints: urlsOf(cluster), ...patience });
  const names = Array.from({ length: 25 }, (__, at) => `shop.${String(at).padStart(2, "0")}`);
  for (const name of names) await client.counter(name).add(1n);
  await client.counter("other").add(1n);
  const found: string[] = [];
  for await (const { name } of client.list({ prefix: "shop.", pageSize: 10 })) found.push(name);
  expect(found).toEqual(names);

  const told = new Set<string>();
  let last: WatchEvent | null = null;
  for await (const event of client.watch({ prefix: "shop." })) {
    last = event;
    if (event.type === "synced") break;
    told.add(event.name);
  }
  expect([...told].sort()).toEqual(names);
  expect(last).toMatchObject({ type: "synced" });
  const [address] = cluster.nodes.map((node) => node.address);
  const on = { endpoints: [address!] };
  expect(await printed(on, "watch", "shop.03", "--count", "1")).toMatch(/^shop\.03 1/);
  const watching = begin(on, "watch", "shop.04", "-o", "json", "--count", "2");
  const { code, out } = await within(
    "the watch ends",
    60_000,
    (async () => {
      await client.counter("shop.04").add(1n);
      // Whether the command was faster than the addition or not, there is another one to see.
      const adding = setInterval(() => void client.counter("shop.04").add(1n), 500);
      try {
        return await watching.ended;
      } finally {
        clearInterval(adding);
      }
    })(),
  );
  expect(code).toBe(0);
  expect(out.trim().split("\n")).toHaveLength(2);
}

describe.each(modes)("in %s mode", (_, lend) => {
  it("a session sees its own writes at every node, and carries that elsewhere", () =>
    lend({ nodes: 3 }, sessionSeesItsWrites));

  it("a watch goes on at another node when its own is killed, and never goes back", () =>
    lend({ nodes: 3 }, watchGoesOn));

  it("counters are listed page by page, and watched by the beginning of their names", () =>
    lend({ nodes: 1 }, listedAndWatched));
});
