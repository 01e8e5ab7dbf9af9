/** How a client is set up, with every default and limit in one place. */
import { InvalidArgumentError } from "./errors.ts";
import { newKey } from "./keys.ts";

/** What `fetch` is, wherever it comes from. */
export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** One request that was tried, for logs and metrics. */
export interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly endpoint: string;
  /** 1 for the first of a call. */
  readonly attempt: number;
  /** `null` when no reply came. */
  readonly status: number | null;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What came of it: `answered`, or why the call is tried again or given up. */
  readonly result: string;
}

export interface RetryOptions {
  /** Most requests of one call; 1 means never again. Default 64. */
  readonly attemptsMax?: number;
  /** First pause between two, in milliseconds; it doubles, and half of it is left to chance. Default 50. */
  readonly backoffMs?: number;
  /** Longest pause, in milliseconds, where the server does not ask for a longer one. Default 2000. */
  readonly backoffMaxMs?: number;
}

export interface ClientOptions {
  /** Base URLs of the nodes (`http://host:port`), 1 to {@link endpointsMax}. */
  readonly endpoints: readonly string[];
  /** Bearer token, or what gives one for each request; it is sent to `endpoints` alone. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Longest time of a call with all its attempts, in milliseconds. Default 15 000. */
  readonly timeoutMs?: number | undefined;
  /** Longest time of one attempt that can be repeated, in milliseconds. Default a third of the call's. */
  readonly attemptTimeoutMs?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Further headers of every request, such as `traceparent`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: the global one. */
  readonly fetch?: Fetch | undefined;
  /** Makes the idempotency keys. Default: UUIDs of version 7. */
  readonly newKey?: (() => string) | undefined;
  /** Is shown every attempt; what it throws ends the call. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
}

/** The options with everything that was left out. */
export interface Settings {
  readonly endpoints: readonly string[];
  readonly token: ClientOptions["token"] | null;
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number | null;
  readonly attemptsMax: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Fetch;
  readonly newKey: () => string;
  readonly onAttempt: (attempt: Attempt) => void;
}

/** Most endpoints of a client; no cluster has more voters. */
export const endpointsMax: number = 64;
/** Longest time that a call can be given: a day, in milliseconds. */
export const timeoutMaxMs: number = 86_400_000;
/** Largest reply that is read into memory, in bytes; snapshots have a limit of their own. */
export const replyMaxBytes: number = 16 * 1024 * 1024;

/** @throws InvalidArgumentError on what cannot be meant so */
export function settingsOf(options: ClientOptions): Settings {
  const { endpoints, token = null, timeoutMs = 15_000, retry = {} } = options;
  const { attemptTimeoutMs = null, headers = {}, newKey: ownKey = newKey } = options;
  const { attemptsMax = 64, backoffMs = 50, backoffMaxMs = 2000 } = retry;
  if (endpoints.length === 0 || endpoints.length > endpointsMax) {
    throw new InvalidArgumentError(`endpoints must be 1 to ${endpointsMax} URLs`);
  }
  within("timeoutMs", timeoutMs, 1, timeoutMaxMs);
  if (attemptTimeoutMs !== null) within("attemptTimeoutMs", attemptTimeoutMs, 1, timeoutMaxMs);
  within("retry.attemptsMax", attemptsMax, 1, 10_000);
  within("retry.backoffMs", backoffMs, 0, timeoutMaxMs);
  within("retry.backoffMaxMs", backoffMaxMs, backoffMs, timeoutMaxMs);
  return {
    endpoints: [...new Set(endpoints.map(baseUrl))],
    ...{ token, timeoutMs, attemptTimeoutMs, attemptsMax, backoffMs, backoffMaxMs, headers },
    // The global one wants to be called as such: `settings.fetch(…)` would lend it another `this`.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    newKey: ownKey,
    onAttempt: options.onAttempt ?? (() => undefined),
  };
}

/** @throws InvalidArgumentError outside of the range, or for what is no number */
export function within(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new InvalidArgumentError(`${name} must be from ${least} to ${most}, not ${value}`);
}

/** Without the slash at its end, so that paths can be appended. */
function baseUrl(text: string): string {
  if (!URL.canParse(text)) {
    throw new InvalidArgumentError(`${text} is no URL; write it like http://127.0.0.1:8080`);
  }
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidArgumentError(`${text} must begin with http:// or https://`);
  }
  if (url.username !== "" || url.search !== "" || url.hash !== "") {
    throw new InvalidArgumentError("an endpoint has no user, query or fragment");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
