/**
 * Where other members may be found, looked up again and again for ever: a name that stands for
 * nothing today stands for three members tomorrow, and their addresses change.
 */
import { lookup, Resolver } from "node:dns/promises";
import type { Address } from "../types.ts";
import { hostBytes, hostOf } from "../wire/address.ts";
import { DEFAULT_PORT, parsePlace, type Place } from "./addresses.ts";

/** Addresses taken of all seeds together. */
export const SEED_ADDRESSES_MAX = 256;
/** Before a name of DNS whose SRV records are wanted. */
const SRV_PREFIX = "srv:";
/** A look-up is given up after this. */
const LOOKUP_TIMEOUT_MS = 5_000;

/**
 * Where to look for members: `host:port`, `[v6]:port`, a DNS name with or without a port (its A and
 * AAAA records), `srv:` and a name (its SRV records); or a function that answers such texts.
 */
export type SeedSource = readonly string[] | (() => readonly string[] | Promise<readonly string[]>);

/** How names are looked up. */
export interface NameService {
  /** Addresses of a name, of both families; empty or an error if there are none. */
  addresses(name: string): Promise<readonly string[]>;
  services(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
}

/** The name service of the system, or that of certain servers (`address` or `address:port`). */
export function nameService(servers: readonly string[] | undefined): NameService {
  const resolver = new Resolver({ timeout: LOOKUP_TIMEOUT_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  return {
    addresses: async (name) => {
      if (servers === undefined) {
        const found = await lookup(name, { all: true });
        return found.map(({ address }) => address);
      }
      return bothFamilies(resolver, name);
    },
    services: (name) => resolver.resolveSrv(name),
  };
}

async function bothFamilies(resolver: Resolver, name: string): Promise<readonly string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const failure = answers.find((answer) => answer.status === "rejected");
  if (found.length === 0 && failure !== undefined) throw failure.reason;
  return found;
}

/** What a look at all seeds came to. */
export interface SeedAnswer {
  readonly addresses: readonly Address[];
  /** Seeds that could not be looked up, with the error. */
  readonly failures: readonly { readonly seed: string; readonly error: unknown }[];
}

/** Looks seeds up; what one of them answered before holds until it answers something else. */
export class SeedResolver {
  readonly #source: SeedSource;
  readonly #names: NameService;
  readonly #answers = new Map<string, readonly Address[]>();
  #lastTexts: readonly string[] = [];

  constructor(source: SeedSource, names: NameService) {
    this.#source = source;
    this.#names = names;
  }

  async resolve(): Promise<SeedAnswer> {
    const failures: { seed: string; error: unknown }[] = [];
    const texts = await this.#texts(failures);
    await Promise.all(texts.map((text) => this.#resolveOne(text, failures)));
    for (const old of this.#answers.keys()) if (!texts.includes(old)) this.#answers.delete(old);
    const unique = new Map<string, Address>();
    for (const address of texts.flatMap((text) => this.#answers.get(text) ?? [])) {
      unique.set(`${address.host} ${address.port}`, address);
    }
    return { addresses: [...unique.values()].slice(0, SEED_ADDRESSES_MAX), failures };
  }

  async #texts(failures: { seed: string; error: unknown }[]): Promise<readonly string[]> {
    if (typeof this.#source !== "function") return this.#source;
    try {
      const texts = await this.#source();
      this.#lastTexts = texts.slice(0, SEED_ADDRESSES_MAX);
    } catch (error) {
      failures.push({ seed: "the function", error });
    }
    return this.#lastTexts;
  }

  async #resolveOne(text: string, failures: { seed: string; error: unknown }[]): Promise<void> {
    try {
      const addresses = await this.#lookUp(text);
      if (addresses.length > 0) this.#answers.set(text, addresses);
    } catch (error) {
      failures.push({ seed: text, error });
    }
  }

  async #lookUp(text: string): Promise<readonly Address[]> {
    if (!text.startsWith(SRV_PREFIX)) return this.#addressesOf(parsePlace(text));
    const services = await this.#names.services(text.slice(SRV_PREFIX.length));
    const some = services.slice(0, SEED_ADDRESSES_MAX);
    const found = await Promise.allSettled(
      some.map(({ name, port }) => this.#addressesOf({ ...parsePlace(name), port })),
    );
    const good = found.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const failure = found.find((answer) => answer.status === "rejected");
    if (good.length === 0 && failure !== undefined) throw failure.reason;
    return good;
  }

  async #addressesOf({ host, isName, port }: Place): Promise<readonly Address[]> {
    if (!isName) return [{ host, port }];
    const found = await this.#names.addresses(host);
    return found.slice(0, SEED_ADDRESSES_MAX).flatMap((text) => {
      const bytes = hostBytes(text);
      return bytes === null ? [] : [{ host: hostOf(bytes), port }];
    });
  }
}

/**
 * Texts that no look-up could ever make an address of: a mistake of whoever wrote them.
 *
 * @throws GossipAddressError
 */
export function checkSeeds(source: SeedSource): void {
  if (typeof source === "function") return;
  for (const text of source) {
    if (text.startsWith(SRV_PREFIX)) parsePlace(`${text.slice(SRV_PREFIX.length)}:${DEFAULT_PORT}`);
    else parsePlace(text);
  }
}
