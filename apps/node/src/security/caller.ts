/** Who sends a request, and what that one may do. */
import { z } from "zod";

/** What a token may be good for. */
export const scopes = ["read", "write", "admin", "metrics"] as const;
export type Scope = (typeof scopes)[number];

/** Most patterns of counters that one token may name. */
export const patternsMax: number = 32;

/** Names of those who hold tokens; they stand in logs and in headers between nodes. */
export const principalName: z.ZodString = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is 1 to 64 letters, digits, ".", "_" or "-"');

/** Names of counters, in which `*` stands for anything. */
export const counterPattern: z.ZodString = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "is 1 to 255 visible ASCII characters");

export interface Caller {
  /** `null`: nobody had to say who he is. */
  readonly name: string | null;
  readonly scopes: readonly Scope[];
  /** The only counters that may be touched, with `*` for anything; `null`: all. */
  readonly counters: readonly string[] | null;
  /** Another node, speaking for itself. */
  readonly isPeer: boolean;
}

/** Where nobody has to say who he is. */
export const anybody: Caller = { name: null, scopes, counters: null, isPeer: false };
/** Another node of the cluster. */
export const peer: Caller = { ...anybody, isPeer: true };

/** Names the one for whom a node forwards a request; believed of peers alone. */
export const principalHeader = "counter-principal";

const principalSchema = z.object({
  name: principalName,
  scopes: z.array(z.enum(scopes)).max(scopes.length),
  counters: z.array(counterPattern).max(patternsMax).nullable(),
});

/** Who sends this, for the node to which it is forwarded; `null` if nobody had to say. */
export function principalText({ name, scopes: may, counters }: Caller): string | null {
  return name === null ? null : JSON.stringify({ name, scopes: may, counters });
}

/** @returns `null` unless it is what {@link principalText} makes */
export function principalIn(text: string): Caller | null {
  try {
    return { ...principalSchema.parse(JSON.parse(text)), isPeer: false };
  } catch {
    return null; // whoever wrote it is no node of this release: refused by the one who asks
  }
}

/** Whether this counter may be touched. */
export function mayTouch({ counters }: Caller, counter: string): boolean {
  return counters === null || counters.some((pattern) => matches(pattern, counter));
}

/** Whether all counters whose names begin like this may be seen. */
export function mayList({ counters }: Caller, prefix: string): boolean {
  if (counters === null) return true;
  return counters.some((pattern) => {
    const end = pattern.indexOf("*");
    return end >= 0 && end === pattern.length - 1 && prefix.startsWith(pattern.slice(0, end));
  });
}

/** Looks at each character once or twice, whatever the pattern: it may come from anybody. */
function matches(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? "";
  if (!name.startsWith(first) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
