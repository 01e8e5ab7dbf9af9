/** Keeps the core's seeds up to date: looks them up for ever, with jitter, sooner while alone. */
import type { Address } from "../types.ts";
import { SeedResolver } from "./seeds.ts";

/**
 * While nobody is known names are looked up so often, if not more often anyway: others who were
 * started at the same moment are there very soon, or have to be waited for.
 */
const LONELY_LOOKUP_FIRST_MS = 250;
const LONELY_LOOKUP_LAST_MS = 2_000;
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
  #lonelyMs: number = LONELY_LOOKUP_FIRST_MS;
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
    const delayMs = this.#periodMs() * (1 + JITTER * (2 * Math.random() - 1));
    this.#timer = setTimeout(() => void this.run(), delayMs).unref();
  }

  #periodMs(): number {
    const lonelyMs = this.#lonelyMs;
    const lonely = this.#target.isAlone();
    this.#lonelyMs = lonely
      ? Math.min(LONELY_LOOKUP_LAST_MS, lonelyMs * 2)
      : LONELY_LOOKUP_FIRST_MS;
    return lonely ? Math.min(lonelyMs, this.#lookupMs) : this.#lookupMs;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
