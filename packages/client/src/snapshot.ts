/** All counters as one file. */
import type { Calls } from "./calls.ts";
import type { Json } from "./decode.ts";
import { InvalidReplyError } from "./errors.ts";
import type { CallOptions, WriteOptions } from "./types.ts";

/** Largest snapshot that is read, in bytes. */
export const snapshotMaxBytes: number = 256 * 1024 * 1024;

export interface Snapshot {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** SHA-256 as lower-case hex; compared with what the service said while sending it. */
  readonly sha256: string;
}

export class Snapshots {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** @throws InvalidReplyError when what came has not the digest that was announced */
  async save(options: CallOptions = {}): Promise<Snapshot> {
    const request = {
      method: "GET",
      path: "/v1/snapshot",
      headers: { accept: "*/*" },
      replyMaxBytes: snapshotMaxBytes,
    } as const;
    const calling = { effect: "read", leader: true } as const;
    const { bytes, headers } = await this.#calls.raw(request, options, calling);
    const digest = await digestOf(bytes);
    const said = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get("content-digest") ?? "");
    if (said?.[1] !== undefined && said[1] !== base64(digest)) {
      throw new InvalidReplyError("the snapshot was damaged on its way: its digest differs", {
        outcome: "not-applied",
        retryable: true,
      });
    }
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return { bytes, contentType: headers.get("content-type") ?? "", sha256 };
  }

  /**
   * Replaces all counters by those of a snapshot.
   *
   * @param options.confirm - the id of the cluster that loses its counters
   */
  async restore(
    snapshot: Pick<Snapshot, "bytes" | "contentType">,
    options: WriteOptions & { readonly confirm: string },
  ): Promise<Json> {
    const request = {
      method: "PUT",
      path: "/v1/snapshot",
      query: { confirm: options.confirm },
      headers: {
        "content-type": snapshot.contentType,
        "content-digest": `sha-256=:${base64(await digestOf(snapshot.bytes))}:`,
      },
      body: snapshot.bytes,
    } as const;
    return (await this.#calls.write(request, options)).json;
  }
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
