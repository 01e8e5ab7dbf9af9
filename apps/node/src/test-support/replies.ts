/** Reading replies in tests without trusting their shape. */
import { z } from "zod";

export interface ReplyLike {
  readonly status: number;
  readonly text: string;
  readonly headers: unknown;
}

const headersSchema = z.record(z.string(), z.string());
const objectSchema = z.record(z.string(), z.unknown());
const statusSchema = z.looseObject({ leader: z.object({ nodeID: z.string() }) });

/** A header of the reply; `null` if it has none. */
export function headerOf(reply: ReplyLike, name: string): string | null {
  return headersSchema.parse(reply.headers)[name] ?? null;
}

/** The members of a JSON reply. */
export function jsonOf(reply: ReplyLike): Readonly<Record<string, unknown>> {
  return objectSchema.parse(JSON.parse(reply.text));
}

/** Status and problem code, as one comparable pair. */
export function refusalOf(reply: ReplyLike): readonly [number, string | null] {
  return [reply.status, headerOf(reply, "counter-code")];
}

/** The text of a reply but for the trace, which is of the request at hand also in a replay. */
export function withoutTrace({ text }: ReplyLike): string {
  return text.replace(/"traceId":"[0-9a-f]{32}"/, "");
}

/** The leader's id in a reply of `/status`. */
export function leaderOf(reply: ReplyLike): string {
  return statusSchema.parse(JSON.parse(reply.text)).leader.nodeID;
}
