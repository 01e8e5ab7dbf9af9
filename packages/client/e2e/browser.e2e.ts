/** The package as it is published, in a real browser: its files, as modules, with nothing before them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

import { FaultServer, type Asked } from "../src/test-support/fault-server.ts";

const candidates = [
  process.env["CHROMIUM"] ?? "",
  ...["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
];
const executablePath = candidates.find((path) => path !== "" && existsSync(path));
const inBrowser = executablePath === undefined ? it.skip : it;
if (executablePath === undefined) console.warn("no Chromium here (CHROMIUM=…): skipped");

const dist = join(__dirname, "..", "dist");

/** The page, the package, and a service that loses the first reply to each write. */
class Service {
  value = 0n;
  readonly #done = new Map<string, string>();

  async answer(response: ServerResponse, asked: Asked): Promise<void> {
    const { method, path, headers, body } = asked;
    if (path === "/") return html(response, "<!doctype html><title>counter</title>");
    if (path.startsWith("/client/")) {
      const file = await readFile(join(dist, path.slice("/client/".length)));
      response.writeHead(200, { "content-type": "text/javascript" }).end(file);
      return;
    }
    if (path.endsWith("/watch")) return this.#watch(response);
    if (method !== "POST") {
      response.writeHead(404).end(); // an icon of the page
      return;
    }
    const key = String(headers["idempotency-key"]);
    const known = this.#done.get(key);
    if (known !== undefined) return json(response, known, { "idempotent-replayed": "true" });
    const { delta } = JSON.parse(body) as { readonly delta: string };
    this.value += BigInt(delta);
    const value = this.value.toString();
    this.#done.set(key, JSON.stringify({ name: "orders", value, previous: "0", applied: delta }));
    response.socket?.resetAndDestroy();
  }

  #watch(response: ServerResponse): void {
    const data = JSON.stringify({ name: "orders", value: this.value.toString(), version: null });
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: value\nid: T1\ndata: ${data}\n\n`);
  }
}

function html(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/html" }).end(text);
}

function json(response: ServerResponse, text: string, more: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...more }).end(text);
}

async function withPage(use: (page: Page, service: Service) => Promise<void>): Promise<void> {
  const service = new Service();
  const server = await FaultServer.start((response, asked) => void service.answer(response, asked));
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath: executablePath!, args });
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    await use(page, service);
  } finally {
    await browser.close();
  }
}

/** Runs there; a text, because it is not for here. */
const adding = `(async () => {
  const { CounterClient } = await import("/client/index.js");
  const client = new CounterClient({ endpoints: [location.origin], timeoutMs: 60000 });
  const { value, replayed } = await client.counter("orders").add(2n ** 70n);
  return [String(value), replayed];
})()`;

const unkeyed = `(async () => {
  const { CounterClient } = await import("/client/index.js");
  let fetched = 0;
  const counting = (...args) => ((fetched += 1), fetch(...args));
  const client = new CounterClient({ endpoints: [location.origin], fetch: counting });
  try {
    await client.counter("orders").add(1n, { key: null, timeoutMs: 60000 });
    return [fetched, "answered"];
  } catch (error) {
    return [fetched, error.code];
  }
})()`;

const watching = `(async () => {
  const { CounterClient } = await import("/client/index.js");
  const client = new CounterClient({ endpoints: [location.origin] });
  for await (const event of client.counter("orders").watch()) return String(event.value);
})()`;

describe("in a browser", () => {
  inBrowser("a write whose reply is lost counts once, with every digit", () =>
    withPage(async (page, service) => {
      expect(await page.evaluate(adding)).toEqual(["1180591620717411303424", true]);
      expect(service.value).toBe(2n ** 70n);
    }),
  );

  // Chromium itself sends a request again when a connection that it kept open is reset: what the
  // client does not see it cannot prevent, so there only a key makes sure (docs/client.md, section 6).
  inBrowser("a write without a key is handed to the browser once", () =>
    withPage(async (page) => {
      const [fetched, outcome] = await page.evaluate<[number, string]>(unkeyed);
      expect(fetched).toBe(1);
      expect(["answered", "outcome-unknown"]).toContain(outcome);
    }),
  );

  inBrowser("a counter is watched", () =>
    withPage(async (page) => {
      expect(await page.evaluate(watching)).toBe("0");
    }),
  );
});
