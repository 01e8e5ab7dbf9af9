/** What can happen to a request whatever it asks for, besides what its operation says. */
import { isLimited } from "../../limits/rate-limits.ts";
import type { Route } from "../api.ts";
import type { ProblemCode } from "../problem-kinds.ts";

/** Bodies are read before anybody knows what for. */
const anyRequest: readonly ProblemCode[] = [
  "validation-failed",
  "request-timeout",
  "payload-too-large",
  "uri-too-long",
  "headers-too-large",
  "internal",
];

/** Where a token is needed, or a peer. */
const checked: readonly ProblemCode[] = ["unauthenticated", "forbidden"];

/** Refused at the gate, which lets probes through. */
const letIn: readonly ProblemCode[] = ["starting", "draining", "overloaded"];

/** With `--rate-limit`. */
const limited: readonly ProblemCode[] = ["quota-exceeded"];

/** In Raft mode, where another node may have to answer. */
const passedOn: readonly ProblemCode[] = ["no-leader"];

export function commonProblems({ kind, scope, operation }: Route): readonly ProblemCode[] {
  return [
    ...anyRequest,
    ...(scope === "none" ? [] : checked),
    ...(isLimited({ scope, kind }) ? limited : []),
    ...(kind === "probe" ? [] : [...letIn, ...passedOn]),
    ...(kind === "write" || kind === "control" ? (["outcome-unknown"] as const) : []),
    ...(operation.body === undefined ? [] : (["unsupported-media-type"] as const)),
  ];
}
