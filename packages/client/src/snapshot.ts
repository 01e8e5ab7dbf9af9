/** All counters as one file, of any size: what is too large for the memory is streamed. */
import type { Calls, Request } from "./calls.ts";
import type { Json } from "./decode.ts";
import { InvalidReplyError, UnreachableError } from "./errors.ts";
import { problemError, readBytes, refusalOf } from "./reply.ts";
import { limit, nowMs, pause } from "./timing.ts";
import type { CallOptions, WriteOptions } from "./types.ts";

/** Largest snapshot that {@link Snapshots.save} reads, in bytes. */
export const snapshotMaxBytes: number = 256 * 1024 * 1024;

/** How long a snapshot may take unless it is said, in milliseconds: 10 minutes. */
export const snapshotTimeoutMs: number = 600_000;

const refusalMaxBytes = 64 * 1024;
const path = "/v1/snapshot";

export interface Snapshot {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** SHA-256 as lower-case hex; compared with what the service said while sending it. */
  readonly sha256: string;
}

/** A snapshot that is still to be read. */
export interface SnapshotStream {
  /** Whoever reads it compares its SHA-256 with {@link sha256}; a stream that fails is incomplete. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly contentType: string;
  /** As lower-case hex; `null` if the service did not say. */
  readonly sha256: string | null;
  /** How long it will be; `null` if the service did not say. */
  readonly bytes: number | null;
}

export class Snapshots {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * The whole in memory, checked.
   *
   * @throws InvalidReplyError when what came has not the digest that was announced
   */
  async save(options: CallOptions = {}): Promise<Snapshot> {
    const { stream, contentType, sha256: said } = await this.open(options);
    const bytes = await readBytes(new Response(stream), snapshotMaxBytes);
    const sha256 = hex(await digestOf(bytes));
    if (said !== null && said !== sha256) {
      throw new InvalidReplyError("the snapshot was damaged on its way: its digest differs", {
        outcome: "not-applied",
        retryable: true,
      });
    }
    return { bytes, contentType, sha256 };
  }

  /**
   * Begins to read one. Endpoints that do not answer are passed over; once it has begun it goes on at
   * the same one, and is begun anew by whoever lost it.
   *
   * @throws ProblemError, UnreachableError
   */
  async open(options: CallOptions = {}): Promise<SnapshotStream> {
    const { sender } = this.#calls;
    const { timeoutMs = snapshotTimeoutMs, signal = null } = options;
    const time = limit(timeoutMs, signal);
    const deadline = nowMs() + sender.settings.timeoutMs;
    let avoid: string | null = null;
    for (;;) {
      const endpoint: string = sender.endpoints.pick(nowMs(), { leader: true, avoid });
      const failure = await this.#openAt(endpoint, time.signal);
      if ("stream" in failure)
        return { ...failure, stream: released(failure.stream, () => time.release()) };
      avoid = endpoint;
      if (!failure.again || nowMs() >= deadline || time.signal.aborted) {
        time.release();
        throw failure.error;
      }
      await pause(sender.settings.backoffMs, signal);
    }
  }

  async #openAt(
    endpoint: string,
    signal: AbortSignal,
  ): Promise<SnapshotStream | { readonly again: boolean; readonly error: unknown }> {
    const { sender } = this.#calls;
    const headers = { accept: "*/*" };
    const call = { method: "GET", path, headers, body: null, key: null, number: null } as const;
    try {
      const response = await sender.fetchAt(endpoint, call, signal);
      sender.endpoints.answered(endpoint);
      if (response.status === 200 && response.body !== null) return streamIn(response);
      const bytes = await readBytes(response, refusalMaxBytes);
      const refusal = refusalOf({ ...pick(response), bytes, endpoint });
      return { again: refusal.retryable, error: problemError(refusal) };
    } catch (error) {
      sender.endpoints.failed(endpoint, nowMs(), null);
      const facts = { outcome: "not-applied", retryable: true, cause: error } as const;
      return { again: true, error: new UnreachableError("no endpoint sends a snapshot", facts) };
    }
  }

  /**
   * Replaces all counters by those of a snapshot.
   *
   * @param snapshot.bytes - a `Blob` is read while it is sent: of a file, `openAsBlob` of `node:fs`
   * @param options.confirm - the id of the cluster that loses its counters
   */
  async restore(
    snapshot: { readonly bytes: Uint8Array<ArrayBuffer> | Blob; readonly contentType: string },
    options: WriteOptions & { readonly confirm: string },
  ): Promise<Json> {
    const { bytes, contentType } = snapshot;
    const request: Request = {
      method: "PUT",
      path,
      query: { confirm: options.confirm },
      headers: { "content-type": contentType, ...(await digestHeader(bytes)) },
      body: bytes,
    };
    const patient = { ...options, timeoutMs: options.timeoutMs ?? snapshotTimeoutMs };
    return (await this.#calls.write(request, patient)).json;
  }
}

/** A file has a hash of its own, which the service checks; a digest needs the whole in memory. */
async function digestHeader(
  bytes: Uint8Array<ArrayBuffer> | Blob,
): Promise<Readonly<Record<string, string>>> {
  if (bytes instanceof Blob) return {};
  return { "content-digest": `sha-256=:${base64(await digestOf(bytes))}:` };
}

function pick({ status, headers }: Response): Pick<Response, "status" | "headers"> {
  return { status, headers };
}

function streamIn({ headers, body }: Response): SnapshotStream {
  const said = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get("content-digest") ?? "");
  const length = Number(headers.get("content-length") ?? NaN);
  return {
    stream: body!,
    contentType: headers.get("content-type") ?? "",
    sha256: said?.[1] === undefined ? null : hex(bytesOf(said[1])),
    bytes: Number.isSafeInteger(length) ? length : null,
  };
}

/** The same bytes; the time that was set is over when they are. */
function released(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  release: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const passing = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  stream.pipeTo(passing.writable).then(release, release); // whoever reads is told of errors
  return passing.readable;
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
