/** Errors in words for whoever typed the command: what happened, and what to do next. */
import { CounterError, ProblemError } from "@counter/client";

import { messageOf as textOf } from "@counter/node/offline";

import { connectionAdvice } from "./explain-connection.ts";
import { PreconditionError, UsageError } from "./exit-codes.ts";

/** What to do next, by the code of the error. */
const advice: Readonly<Record<string, string>> = {
  unreachable: "Is a node running there? Name others with --endpoints, or see `counterctl doctor`.",
  unauthenticated: "Give a token with --token-file or COUNTERCTL_TOKEN.",
  forbidden:
    "The token lacks a scope; the node's operator makes tokens: `counterctl token --help`.",
  "counter-not-found": "`counterctl list` shows those that exist; add, next and set make one.",
  "counter-exists":
    "`counterctl configure` changes one that exists, `counterctl describe` shows it.",
  "kind-mismatch": "Of a sequence, numbers come by `counterctl next` only.",
  "mode-mismatch": "`counterctl status` shows the mode; docs/http.md says what each one has.",
  "bound-exceeded":
    "`counterctl describe` shows the bounds, `counterctl configure --max` moves one.",
  "version-mismatch": "Somebody was faster: look again with `counterctl get`, and decide again.",
  "token-foreign": "The version token is of another cluster, or of before a restore: leave it out.",
  "no-leader": "`counterctl status` shows who is missing. With a majority back it works again.",
  "read-not-confirmed":
    "`counterctl status` shows who is missing; --consistency=local reads anyway.",
  draining:
    "That node takes no writes: name others with --endpoints, or `counterctl node undrain`.",
  "confirmation-required": "Say which cluster you mean: --confirm <cluster id>.",
  "idempotency-key-reused": "That key stands for another request: leave --key out for a new one.",
  "unsafe-change": "Bring a member back first, or --force if it is gone for good.",
  "storage-full": "Make room on the node's disk.",
  "reply-invalid":
    "Something else answers there, or another version: try `curl <endpoint>/v1/status`.",
};

export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export function explain(error: unknown): Explanation {
  if (error instanceof UsageError) {
    return { code: "usage", message: error.message, hint: null };
  }
  if (error instanceof PreconditionError) {
    return { code: "precondition", message: error.message, hint: null };
  }
  if (!(error instanceof CounterError)) {
    return { code: "error", message: textOf(error), hint: null };
  }
  return { code: error.code, message: messageOf(error), hint: hintOf(error) };
}

function hintOf(error: CounterError): string | null {
  const connection = connectionAdvice(error);
  if (error.code === "outcome-unknown" && error.key !== null) {
    const again = `Run the same command with --key ${error.key}: it counts once in either case.`;
    return connection === null ? again : `${again} ${connection}`;
  }
  return connection ?? advice[error.code] ?? null;
}

function messageOf(error: CounterError): string {
  if (!(error instanceof ProblemError)) return error.message;
  const errors = error.problem["errors"];
  const places = Array.isArray(errors) ? errors.map(placeOf).filter((each) => each !== "") : [];
  const where = places.length === 0 ? "" : ` (${places.join("; ")})`;
  return `${error.message}${where}`;
}

function placeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("detail" in error)) return "";
  const { detail } = error;
  if (typeof detail !== "string") return "";
  for (const name of ["pointer", "parameter", "header"] as const) {
    const place: unknown = Reflect.get(error, name);
    if (typeof place === "string") return `${place}: ${detail}`;
  }
  return detail;
}
