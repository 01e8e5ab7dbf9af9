/** Keeps the core's seeds up to date: looks them up for ever, with jitter, sooner while alone. */
import type { Address } from "../types.ts";
import { SeedResolver } from "./seeds.ts";

/** While nobody is known names are looked up this often, if not more often anyway. */
const LONELY_LOOKUP_MS = 2_000;
/** Members that were started together do not ask their server together for ever. */
const JITTER = 0.2;

/** What the keeper needs of its member. */
export interface SeedTarget {
  isAlone(): boolean;
  /** Takes new addresses, of which it uses those that its sockets can reach. */
  setSeeds(addresses: readonly Address[]): void;
  onSeedFailed(seed: string, error: unknown): void;
}

export class SeedKeeper {
  readonly #resolver: SeedResolver;
  readonly #lookupMs: number;
  readonly #target: SeedTarget;
  #timer: NodeJS.Timeout | null = null;
  #closed: boolean = false;

  constructor(resolver: SeedResolver, lookupMs: number, target: SeedTarget) {
    this.#resolver = resolver;
    this.#lookupMs = lookupMs;
    this.#target = target;
  }

  /** Looks once, and then again and again until `close`. Never rejects. */
  async run(): Promise<void> {
    const { addresses, failures } = await this.#resolver.resolve();
    if (this.#closed) return;
    this.#target.setSeeds(addresses);
    for (const { seed, error } of failures) this.#target.onSeedFailed(seed, error);
    const lonely = this.#target.isAlone();
    const periodMs = lonely ? Math.min(LONELY_LOOKUP_MS, this.#lookupMs) : this.#lookupMs;
    const delayMs = periodMs * (1 + JITTER * (2 * Math.random() - 1));
    this.#timer = setTimeout(() => void this.run(), delayMs).unref();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
