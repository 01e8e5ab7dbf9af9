/** Bodies that are read as they come, because they may be too large for the memory. */
import type { Readable } from "node:stream";

import type { ApiReply, ApiRequest } from "./api.ts";
import { takeOverTime } from "./body-time.ts";
import { Problem } from "./problems.ts";

/** How often it is looked whether enough came, in milliseconds. */
const windowMs = 30_000;
/** Fewer bytes in that time are too few: some 2 KiB a second. */
const windowMinBytes = 65_536;
/** Most bytes of a body that nobody wants which are read before the answer, in this time at most. */
const drainMaxBytes = 64 * 1024 * 1024;
const drainMaxMs = 5000;

export interface BodyLimits {
  readonly maxBytes: number;
  /** For tests: see above. */
  readonly windowMs?: number;
}

/**
 * The body piece by piece.
 *
 * @throws Problem `payload-too-large`, `unsupported-media-type`, or `validation-failed` if it is cut
 *   off or comes too slowly
 */
export async function* streamOf(
  { headers, stream }: Pick<ApiRequest, "headers" | "stream">,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { maxBytes } = limits;
  if (headers["content-encoding"] !== undefined) {
    throw new Problem("unsupported-media-type", "send it without Content-Encoding");
  }
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (stream === undefined) return;
  const pace = new Pace(stream, limits.windowMs ?? windowMs);
  let bytes = 0;
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a body of text chunks");
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      pace.came(chunk.length);
      pace.pause(); // while it is worked on, it is not the sender who is slow
      yield chunk;
      pace.resume();
    }
  } catch (error) {
    if (error instanceof Problem || !stream.destroyed) throw error;
    const why = pace.slow ? "the body came too slowly" : "the body was cut off";
    throw new Problem("validation-failed", why, { cause: error });
  } finally {
    pace.end();
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem("payload-too-large", `at most ${maxBytes} bytes`);
}

/** All of it, of a body that is small after all. */
export async function wholeOf(request: ApiRequest, maxBytes: number): Promise<ApiRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(request, { maxBytes })) chunks.push(chunk);
  return { ...request, body: Buffer.concat(chunks) };
}

/** Breaks a body off that comes too slowly. */
class Pace {
  slow = false;
  readonly #stream: Readable;
  readonly #windowMs: number;
  #timer: NodeJS.Timeout | null = null;
  #bytes = 0;
  #leftMs: number;
  #sinceMs = performance.now();

  constructor(stream: Readable, windowMs: number) {
    takeOverTime(stream);
    this.#stream = stream;
    this.#windowMs = windowMs;
    this.#leftMs = windowMs;
    this.resume();
  }

  came(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < windowMinBytes) return;
    this.#bytes = 0;
    this.#leftMs = this.#windowMs;
    this.#sinceMs = performance.now();
  }

  pause(): void {
    this.#leftMs -= performance.now() - this.#sinceMs;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  resume(): void {
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(
      () => {
        this.slow = true;
        this.#stream.destroy(new Error("too slow"));
      },
      Math.max(0, this.#leftMs),
    );
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

/**
 * The reply once the body is out of the way: a client that still sends would not see an answer that
 * comes before. What is long is cut off instead.
 */
export async function afterBody(body: Readable, reply: ApiReply): Promise<ApiReply> {
  await drained(body);
  if (body.readableEnded) return reply;
  return { ...reply, headers: { ...reply.headers, connection: "close" } };
}

function drained(body: Readable): Promise<void> {
  if (body.readableEnded || body.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(done, drainMaxMs);
    function done(): void {
      clearTimeout(timer);
      body.off("data", count).off("end", done).off("close", done);
      resolve();
    }
    function count(chunk: Uint8Array): void {
      bytes += chunk.length;
      if (bytes > drainMaxBytes) done();
    }
    body.on("data", count).once("end", done).once("close", done);
    body.once("error", () => undefined); // it is of no use any more
    body.resume();
  });
}
