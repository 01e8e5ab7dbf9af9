/** What is asked of the service, whichever endpoint it goes to. */
import type { Effect } from "./judging.ts";

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the query. */
  readonly path: string;
  readonly effect: Effect;
  readonly key: string | null;
  /** Its number in a session (`Counter-Session`), which does what a key does; or `null`. */
  readonly number: string | null;
  /** Whether only the leader can answer it, so that asking it saves a hop. */
  readonly leader: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | Blob | null;
  readonly accepts: readonly number[];
  /** Of the whole call, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the server may wait by request before it answers, in milliseconds. */
  readonly waitMs: number;
  readonly replyMaxBytes?: number;
  readonly signal: AbortSignal | null;
}
