/**
 * What a node says of itself in gossip: tags, as every member of Serf has them. Anybody may say
 * anything there, so nothing that must be right rests on them.
 */
import { encodeTags } from "@counter/gossip";
import { z } from "zod";

import { formatAddress, parseAddress } from "../config/addresses.ts";
import type { Mode } from "../config/node-config.ts";

/** The value of the tag `role`, which tells our nodes from all other members of Serf. */
const role = "counter";

/**
 * - `leader`, `voter`, `learner`: a member of its cluster in Raft mode
 * - `candidate`: waits for others to form a first configuration with
 * - `joining`: waits to be taken into a cluster, or to hear of it
 * - `up`: takes part in eventual mode
 */
export const nodeStates = ["leader", "voter", "learner", "candidate", "joining", "up"] as const;
export type NodeState = (typeof nodeStates)[number];

export interface NodeTags {
  readonly mode: Mode;
  /** `host:port` for clients and peers. */
  readonly http: string;
  /** Its node id in its mode; `null` until it has one. */
  readonly id: string | null;
  /** `null` until it is known, and as long as the node would give it up for another one. */
  readonly cluster: string | null;
  /** What `--cluster-id` says; `null` if it was not given. */
  readonly name: string | null;
  /** Nodes of the first configuration, 1 to 15; `null` unless it is a candidate for one. */
  readonly expect: number | null;
  /** Of its data directory: 32 hexadecimal digits. */
  readonly dir: string;
  readonly state: NodeState;
}

const idText = z.string().regex(/^[\x21-\x7e]{1,128}$/);

const schema = z.object({
  mode: z.enum(["raft", "eventual"]),
  http: z.string().max(128).refine(isSpelledAddress),
  id: idText.nullable().default(null),
  cluster: idText.nullable().default(null),
  name: idText.nullable().default(null),
  expect: z
    .string()
    .regex(/^([1-9]|1[0-5])$/)
    .transform(Number)
    .nullable()
    .default(null),
  dir: z.string().regex(/^[0-9a-f]{32}$/),
  // A later release may know more states; it still is a node that runs.
  state: z.enum(nodeStates).catch("up"),
});

/** Two spellings of one address would be two nodes. */
function isSpelledAddress(text: string): boolean {
  try {
    return formatAddress(parseAddress(text)) === text;
  } catch {
    return false;
  }
}

/** What is left out first where there is no room for everything: the cluster's id has its name. */
const dispensable = ["name", "id"] as const;

/**
 * As Serf has them; what is `null` is left out. They fit in the 512 bytes that a member has: with the
 * longest settings of ours they do, and beside longer ids of others the name is left out.
 */
export function encodeNodeTags(tags: NodeTags): Readonly<Record<string, string>> {
  const { expect, ...texts } = tags;
  const all = { role, ...texts, expect: expect === null ? null : String(expect) };
  const entries = Object.entries(all).flatMap(([tag, value]): [string, string][] => {
    return value === null ? [] : [[tag, value]];
  });
  const encoded = new Map(entries);
  for (const tag of dispensable) if (!fits(encoded)) encoded.delete(tag);
  return Object.fromEntries(encoded);
}

function fits(tags: ReadonlyMap<string, string>): boolean {
  try {
    encodeTags(tags);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** @returns `null` if this is no node of ours, or one that says what makes no sense */
export function decodeNodeTags(tags: ReadonlyMap<string, string>): NodeTags | null {
  if (tags.get("role") !== role) return null;
  const parsed = schema.safeParse(Object.fromEntries(tags));
  return parsed.success ? parsed.data : null;
}
