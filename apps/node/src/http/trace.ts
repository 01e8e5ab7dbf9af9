/**
 * W3C Trace Context: which trace a request belongs to. A trace is looked at when somebody asks for
 * it - a problem, a log line, a request to another node - and costs nothing otherwise.
 */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Most members of a `tracestate` that are passed on; a longer one is dropped, as the standard says. */
export const traceStateMembersMax: number = 32;

/** Most characters of a `tracestate` that are passed on: twice what everybody has to support. */
export const traceStateMaxLength: number = 1024;

/** Of a request that a node has sent on: its trace began there, no client named it. */
export const traceBegunHeader: string = "counter-trace-begun";

/**
 * Which traces the log keeps with the writes: none, those that clients have named, or those too that
 * began at a node.
 */
export type TracesKept = "none" | "given" | "all";

const flagsOfOurs = "00"; // nobody records it here
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const nothing = /^0+$/;

export interface Trace {
  /** 32 hexadecimal digits: of the whole way of a request, through all programs. */
  readonly traceId: string;
  /** 16 hexadecimal digits: of this node's part of it. */
  readonly spanId: string;
  /** The span of who asked, which the request named; `null`: the trace begins here. */
  readonly parentId: string | null;
  /** For a request that is made on behalf of this one, each with a span of its own. */
  child(): Readonly<Record<string, string>>;
}

const known = new WeakMap<IncomingHttpHeaders, Trace>();

/** The trace of the request with these headers: the one that they name, or else a new one. */
export function traceOf(headers: IncomingHttpHeaders): Trace {
  let trace = known.get(headers);
  if (trace === undefined) known.set(headers, (trace = begin(headers)));
  return trace;
}

/** The same trace for a request that was made of another one. */
export function shareTrace(from: IncomingHttpHeaders, to: IncomingHttpHeaders): void {
  if (from !== to) known.set(to, traceOf(from));
}

/**
 * What the log is to keep of the request with these headers: 16 bytes of trace id, 8 of the span that
 * the request named. Where nothing is kept, nothing is looked at.
 */
export function traceToKeep(headers: IncomingHttpHeaders, kept: TracesKept): Uint8Array | null {
  if (kept === "none") return null;
  const isNamed = headers["traceparent"] !== undefined || known.has(headers);
  if (kept === "given" && (!isNamed || headers[traceBegunHeader] !== undefined)) return null;
  const { traceId, spanId, parentId } = traceOf(headers);
  if (kept === "given" && parentId === null) return null;
  return Buffer.from(traceId + (parentId ?? spanId), "hex");
}

function begin(headers: IncomingHttpHeaders): Trace {
  const parent = parentOf(headers["traceparent"]);
  const traceId = parent?.traceId ?? randomBytes(16).toString("hex");
  const flags = parent?.flags ?? flagsOfOurs;
  // A state without its parent belongs to nothing.
  const state = parent === null ? null : stateOf(headers["tracestate"]);
  return {
    traceId,
    spanId: newSpanId(),
    parentId: parent?.parentId ?? null,
    child: () => ({
      traceparent: `00-${traceId}-${newSpanId()}-${flags}`,
      ...(state === null ? {} : { tracestate: state }),
    }),
  };
}

function newSpanId(): string {
  return randomBytes(8).toString("hex");
}

/** `null` where the header says nothing that holds: then the trace begins here. */
function parentOf(
  header: string | string[] | undefined,
): { readonly traceId: string; readonly parentId: string; readonly flags: string } | null {
  if (typeof header !== "string" || header.length > 128) return null;
  const match = traceparentPattern.exec(header.trim());
  if (match === null) return null;
  const [, version, traceId = "", parentId = "", flags = "00", more] = match;
  // Later versions may add something at the end; this one has nothing there.
  if (version === "ff" || (version === "00" && more !== undefined)) return null;
  return nothing.test(traceId) || nothing.test(parentId) ? null : { traceId, parentId, flags };
}

function stateOf(header: string | string[] | undefined): string | null {
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  const members = text.split(",").map((member) => member.trim());
  const kept = members.filter((member) => member !== "");
  if (kept.length === 0 || kept.length > traceStateMembersMax) return null;
  return text.length > traceStateMaxLength || !kept.every(isMember) ? null : kept.join(",");
}

function isMember(member: string): boolean {
  return /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,256}$/.test(member);
}
