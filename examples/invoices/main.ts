// Invoice numbers without gaps and without duplicates, from a cluster of nodes in raft mode:
//
//   node main.js http://127.0.0.1:8080 http://127.0.0.1:8081 http://127.0.0.1:8082
//
// The cluster never gives a number twice. That none is lost is the clerk's part: the order and its
// key are on disk before the number is asked for, and whoever finds an order without a number, after
// a crash too, asks again with the same key. The same key gets the same number.
import { randomUUID } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Line {
  readonly order: string;
  readonly key: string;
  /** Absent until it is known. */
  readonly number?: string;
}

/** A file of lines, appended and synced. */
class Book {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async write(line: Line): Promise<void> {
    const handle = await open(this.#file, "a");
    try {
      await handle.appendFile(`${JSON.stringify(line)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** By order, the newest line of each. */
  async read(): Promise<Map<string, Line>> {
    const lines = (await readFile(this.#file, "utf8")).split("\n");
    const known = lines.filter((text) => text !== "").map((text) => JSON.parse(text) as Line);
    return new Map(known.map((line) => [line.order, line]));
  }
}

/** Asks one node after the other until one answers: with a key that is always safe. */
async function nextNumber(nodes: readonly string[], key: string): Promise<string> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const node = nodes[attempt % nodes.length] ?? "";
    try {
      const response = await fetch(`${node}/next`, {
        method: "POST",
        headers: { "Idempotency-Key": key },
        signal: AbortSignal.timeout(10_000),
      });
      const text = (await response.text()).trim();
      if (response.ok) return text;
      if (response.status < 500) throw new RangeError(`${response.status} ${text}`);
    } catch (error) {
      if (error instanceof RangeError) throw error; // asking again would not change it
    }
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400));
  }
  throw new Error("no node answers");
}

class Clerk {
  readonly #book: Book;
  readonly #nodes: readonly string[];

  constructor(book: Book, nodes: readonly string[]) {
    this.#book = book;
    this.#nodes = nodes;
  }

  take = (order: string): Promise<void> => this.#book.write({ order, key: randomUUID() });

  /** Gives every order without a number one. `crashes` after it was asked for, before it is known. */
  async number(crashes: (order: string) => boolean): Promise<void> {
    for (const line of (await this.#book.read()).values()) {
      if (line.number !== undefined) continue;
      const number = await nextNumber(this.#nodes, line.key);
      if (crashes(line.order)) throw new Error(`the clerk falls over with ${line.order} in hand`);
      await this.#book.write({ ...line, number });
    }
  }
}

const nodes = process.argv.slice(2);
if (nodes.length === 0) throw new Error("usage: node main.js <url of a node> …");
const directory = await mkdtemp(join(tmpdir(), "invoices-"));
const book = new Book(join(directory, "book.jsonl"));
const clerk = new Clerk(book, nodes);
for (let at = 1; at <= 20; at += 1) await clerk.take(`order-${at}`);

// The number of order 7 was given and nobody wrote it down. Its key is in the book.
await clerk
  .number((order) => order === "order-7")
  .catch((error: unknown) => {
    console.log(String(error));
  });
await new Clerk(book, [...nodes].reverse()).number(() => false);

const numbers = [...(await book.read()).values()].map(({ number }) => Number(number));
const sorted = numbers.sort((one, other) => one - other);
const first = sorted[0] ?? 0;
const gapless = sorted.every((number, at) => number === first + at);
console.log(`${numbers.length} invoices,`, gapless ? "no gap, none twice" : sorted);
await rm(directory, { recursive: true });
