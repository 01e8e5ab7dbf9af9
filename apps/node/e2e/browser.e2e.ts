/** The client as it is published, in a real browser, on a page of another origin than the node's. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

import { withCluster } from "./support/cluster.ts";

const candidates = [
  process.env["CHROMIUM"] ?? "",
  ...["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
];
const executablePath = candidates.find((path) => path !== "" && existsSync(path));
const inBrowser = executablePath === undefined ? test.skip : test;
if (executablePath === undefined) console.warn("no Chromium here (CHROMIUM=…): skipped");

const client = join(__dirname, "..", "..", "..", "packages", "client", "dist");

/** A page, and the files of the client, from a port of their own. */
async function pageServer(): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (!/^\/client\/[\w-]+\.js$/.test(path)) {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<!doctype html><title>another origin</title>");
      return;
    }
    readFile(join(client, path.slice("/client/".length))).then(
      (file) => response.writeHead(200, { "content-type": "text/javascript" }).end(file),
      () => response.writeHead(404).end(),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function withPage(use: (page: Page, origin: string) => Promise<void>): Promise<void> {
  const { server, origin } = await pageServer();
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath: executablePath!, args });
  try {
    const page = await browser.newPage();
    await page.goto(origin);
    await use(page, origin);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** Runs there; a text, because it is not for here. */
const using = (node: string): string => `(async () => {
  const { CounterClient } = await import("/client/index.js");
  const client = new CounterClient({ endpoints: ["${node}"], timeoutMs: 60000 });
  const seats = client.counter("seats");
  await client.create("seats", { min: 0n });
  const { value, version } = await seats.add(2n ** 70n);
  let watched = null;
  for await (const event of seats.watch()) {
    watched = String(event.value);
    break;
  }
  const refused = await seats.add(-(2n ** 71n)).then(() => null, (error) => error);
  const last = await fetch("${node}/v1/counters/nothing");
  return {
    value: String(value),
    version,
    watched,
    refused: [refused?.name, refused?.code, String(refused?.current)],
    headers: ["counter-code", "counter-served-by", "ratelimit", "ratelimit-policy"].map(
      (name) => last.headers.get(name),
    ),
  };
})()`;

/** What a page learns that may not ask: that it failed, and nothing else. */
const trying = (node: string): string => `(async () => {
  const method = "POST";
  const headers = { "idempotency-key": "x" };
  const asked = fetch("${node}/v1/counters/seats/increment", { method, headers });
  const plain = fetch("${node}/v1/counters/seats/increment", { method, mode: "no-cors" });
  return [await asked.then(() => "answered", (error) => error.name), (await plain).type];
})()`;

inBrowser("a page of a named origin adds, watches, and reads errors and headers", () =>
  withPage(async (page, origin) => {
    const flags = [`--cors-origin=${origin}`, "--rate-limit=1000/1h"];
    await withCluster({ nodes: 1, flags }, async (cluster) => {
      await cluster.start();
      const { address } = cluster.nodes[0]!;
      const seen: unknown = await page.evaluate(using(`http://${address}`));
      expect(seen).toEqual({
        value: "1180591620717411303424",
        version: expect.stringMatching(/^s0-\d+$/) as unknown,
        watched: "1180591620717411303424",
        refused: ["BoundExceededError", "bound-exceeded", "1180591620717411303424"],
        headers: [
          "counter-not-found",
          address,
          expect.stringMatching(/^"principal";r=\d+;t=\d+$/),
          '"principal";q=1000;w=3600',
        ],
      });
    });
  }),
);

inBrowser("a page of any other origin changes nothing, and is told nothing", () =>
  withPage(async (page) => {
    const flags = ["--cors-origin=https://app.example"];
    await withCluster({ nodes: 1, flags }, async (cluster) => {
      await cluster.start();
      const node = cluster.nodes[0]!;
      const outcome = await page.evaluate(trying(`http://${node.address}`));
      expect(outcome).toEqual(["TypeError", "opaque"]);
      expect((await node.get("/v1/counters/seats")).status).toBe(404);
    });
  }),
);
