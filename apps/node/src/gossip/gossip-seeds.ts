/**
 * Where to find others to gossip with: the nodes that a person has named, and those of the cluster,
 * are asked over HTTP where they gossip. So nobody has to be told of a second port.
 */
import { parsePlace } from "@counter/gossip";
import type { Logger } from "winston";
import { z } from "zod";

import { ask as askOpenly, type Ask } from "../membership/asking.ts";
import { messageOf } from "../process/error-text.ts";

/** Longest wait for the answer of one node, in milliseconds. */
const askTimeoutMs = 2000;
/** Nodes that are asked at a time; further ones when these have been found. */
export const askedMax: number = 64;

const schema = z.object({ gossip: z.object({ address: z.string().max(300) }).nullable() });

export interface GossipSeedsParts {
  /** Of nodes to be found, as `host:port` for HTTP, the newest; without our own. */
  readonly addresses: () => readonly string[];
  /** Of nodes that gossip holds for alive, ours included: they need not be asked. */
  readonly found: () => ReadonlySet<string>;
  /** Where the process before this one has gossiped with others. */
  readonly remembered: readonly string[];
  /** How other nodes are asked; default: in the clear. */
  readonly ask?: Ask;
  readonly log: Logger;
}

export class GossipSeeds {
  readonly #parts: GossipSeedsParts;
  readonly #ending = new AbortController();
  /** Where nodes gossip, by their address for HTTP; what one said holds until it says otherwise. */
  readonly #answers = new Map<string, string>();
  #first = true;

  constructor(parts: GossipSeedsParts) {
    this.#parts = parts;
  }

  /** Where to look for others now. */
  readonly source = async (): Promise<readonly string[]> => {
    const { addresses, found, remembered } = this.#parts;
    const isFirst = this.#first;
    this.#first = false;
    if (isFirst && remembered.length > 0) return remembered; // nobody has to be asked for that
    const wanted = addresses();
    const known = found();
    for (const old of this.#answers.keys()) if (!wanted.includes(old)) this.#answers.delete(old);
    const missing = wanted.filter((address) => !known.has(address)).slice(0, askedMax);
    await Promise.all(missing.map((address) => this.#ask(address)));
    // Whoever has company needs no old addresses, at which nobody may ever be again.
    const old = known.size > 1 ? [] : remembered;
    return [...new Set([...this.#answers.values(), ...old])];
  };

  /** Nobody is asked any more. */
  close(): void {
    this.#ending.abort();
  }

  async #ask(address: string): Promise<void> {
    const { signal } = this.#ending;
    const { ask = askOpenly } = this.#parts;
    try {
      const question = { method: "GET", path: "/v1/members" } as const;
      const { body } = await ask(address, question, { signal, timeoutMs: askTimeoutMs });
      const { gossip } = schema.parse(body);
      // An address, not a name: strangers must not choose what this machine looks up.
      if (gossip === null || parsePlace(gossip.address).isName) this.#answers.delete(address);
      else this.#answers.set(address, gossip.address);
    } catch (error) {
      // It may not have been started yet: whoever looks for it looks again.
      const reason = error instanceof z.ZodError ? "answers as no node" : messageOf(error);
      this.#parts.log.debug(`does not know where ${address} gossips`, { reason });
    }
  }
}
