/** What each node says of itself, asked one by one. */
import { CounterError, type CounterClient, type Json } from "@counter/client";

import type { Ctl } from "../command.ts";
import { isRecord } from "../contexts.ts";
import { readingOf, type ClockReading } from "../clock-reading.ts";
import { explain } from "../explain.ts";

/** Most nodes that are asked. */
const nodesMax = 64;

export interface NodeView {
  readonly endpoint: string;
  /** What it says of itself; `null` when it does not answer. */
  readonly status: Json | null;
  readonly problem: string | null;
  /** What its clock says; `null` when it does not tell. */
  readonly clock: ClockReading | null;
}

/** Asks all nodes at the same time. */
export async function lookAt(ctl: Ctl, everyMember: boolean): Promise<readonly NodeView[]> {
  return lookAtNodes(await ctl.client(), { everyMember, signal: ctl.signal });
}

/** The endpoints of a client, and with `everyMember` also whom they know. */
export async function lookAtNodes(
  client: CounterClient,
  options: { readonly everyMember: boolean; readonly signal: AbortSignal },
): Promise<readonly NodeView[]> {
  const { everyMember, signal } = options;
  const named = await Promise.all(client.endpoints.map((each) => view(client, each, signal)));
  if (!everyMember) return named;
  const known = new Set(named.map(({ endpoint }) => new URL(endpoint).host));
  const addresses = named.flatMap(({ status: each }) => addressesIn(each));
  const others = [...new Set(addresses)].filter((address) => !known.has(address));
  // All nodes of a cluster speak TLS or none does; and no token may leave without it where it is used.
  const scheme = new URL(named[0]!.endpoint).protocol;
  const asked = others.slice(0, nodesMax - named.length).map((each) => `${scheme}//${each}`);
  return [...named, ...(await Promise.all(asked.map((each) => view(client, each, signal))))];
}

/** What says nothing of the node: it is the caller who stopped, or who has to give a token. */
const ofCaller: ReadonlySet<string> = new Set(["aborted", "unauthenticated", "forbidden"]);

async function view(
  client: CounterClient,
  endpoint: string,
  signal: AbortSignal,
): Promise<NodeView> {
  const before = Date.now();
  try {
    const said = await client.at(endpoint).cluster.status({ signal, timeoutMs: 3000 });
    const clock = readingOf(textIn(said, "time"), { before, after: Date.now() });
    return { endpoint, status: said, problem: null, clock };
  } catch (error) {
    if (!(error instanceof CounterError) || ofCaller.has(error.code)) throw error;
    return { endpoint, status: null, problem: explain(error).message, clock: null };
  }
}

function addressesIn(said: Json | null): readonly string[] {
  const nodes = said?.["nodes"];
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: unknown) => {
    const address = isRecord(node) ? node["address"] : null;
    return typeof address === "string" && address !== "" ? [address] : [];
  });
}

export function numberIn(json: Json, name: string): number | null {
  const value = json[name];
  return typeof value === "number" ? value : null;
}

export function textIn(json: Json, name: string): string | null {
  const value = json[name];
  return typeof value === "string" && value !== "" ? value : null;
}
