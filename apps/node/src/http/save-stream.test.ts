import { PassThrough, Writable } from "node:stream";
import { once } from "node:events";

import { sendSealed } from "./save-stream.ts";

const pieces = (count: number): { chunks: () => Iterable<Uint8Array> } => ({
  chunks: () => Array.from({ length: count }, (_, at) => new Uint8Array(1000).fill(at)),
});

test("all is sent, as fast as it is read, and the end is told once", async () => {
  const sink = new PassThrough({ highWaterMark: 1500 });
  let ends = 0;
  sendSealed(pieces(50), sink, () => (ends += 1));
  let bytes = 0;
  for await (const chunk of sink) bytes += (chunk as Uint8Array).length;
  expect(bytes).toBe(50_000);
  expect(ends).toBe(1);
});

test("a reader that takes nothing is cut off", async () => {
  const sink = new Writable({ highWaterMark: 1, write: () => undefined });
  const ended = new Promise<void>((resolve) => sendSealed(pieces(5), sink, resolve, 20));
  const [error] = (await once(sink, "error")) as [Error];
  expect(error.message).toBe("the reader does not read");
  await ended;
});

test("what is not wanted any more is not made", async () => {
  const sink = new PassThrough({ highWaterMark: 1 });
  let made = 0;
  const chunks = function* (): Generator<Uint8Array> {
    for (; made < 1000; made += 1) yield new Uint8Array(10);
  };
  const ended = new Promise<void>((resolve) => sendSealed({ chunks }, sink, resolve));
  sink.destroy();
  await ended;
  expect(made).toBeLessThan(5);
});

test("a reader that takes everything at once leaves others their turns", async () => {
  const sink = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, taken) => taken() });
  let turns = 0;
  let ended = false;
  const next = (): void => {
    turns += 1;
    if (!ended) setImmediate(next);
  };
  setImmediate(next);
  await new Promise<void>((resolve) => sendSealed(pieces(50), sink, resolve));
  ended = true;
  expect(turns).toBeGreaterThanOrEqual(50);
});
