/**
 * Which node is asked next. One that led a moment ago is asked for what only a leader can do, which
 * saves a hop; one that did not answer is left alone for a while, longer each time.
 */

/** The first rest of an endpoint that fails, in milliseconds; it doubles with each failure. */
export const restFirstMs: number = 200;
/** Longest rest, in milliseconds: a node that is back is used again within this time. */
export const restMaxMs: number = 10_000;

interface Endpoint {
  readonly url: string;
  /** How the service names it in `Counter-Leader` and `Counter-Served-By`. */
  readonly address: string;
  failures: number;
  /** By the clock that callers pass in. */
  restsUntil: number;
}

export class Endpoints {
  readonly #all: readonly Endpoint[];
  /** Where this client is at home while all is well: reads of a node's own copy stay in one place. */
  #home: number;
  #leader: Endpoint | null = null;

  /** @param first - which one is home at first; spread over clients, so that no node has them all */
  constructor(urls: readonly string[], first: number) {
    this.#all = urls.map((url) => {
      const { host } = new URL(url);
      return { url, address: host, failures: 0, restsUntil: 0 };
    });
    this.#home = first % urls.length;
  }

  get urls(): readonly string[] {
    return this.#all.map(({ url }) => url);
  }

  /** The endpoint of the last known leader; `null` when it is unknown or not among the endpoints. */
  get leader(): string | null {
    return this.#leader?.url ?? null;
  }

  /**
   * @param now - in milliseconds, of a clock that only goes forward
   * @param avoid - tried last by this call: another one is better, unless there is none
   */
  pick(now: number, wish: { readonly leader: boolean; readonly avoid: string | null }): string {
    const fit = ({ url, restsUntil }: Endpoint): boolean => restsUntil <= now && url !== wish.avoid;
    if (wish.leader && this.#leader !== null && fit(this.#leader)) return this.#leader.url;
    for (let step = 0; step < this.#all.length; step += 1) {
      const at = (this.#home + step) % this.#all.length;
      if (!fit(this.#all[at]!)) continue;
      this.#home = at;
      return this.#all[at]!.url;
    }
    // Nobody is fit: whoever rests least, and the one that was just tried only if it is alone.
    const byRest = [...this.#all].sort((a, b) => a.restsUntil - b.restsUntil);
    return (byRest.find(({ url }) => url !== wish.avoid) ?? byRest[0]!).url;
  }

  /** Whether somebody who is not resting is left besides this one. */
  hasOther(now: number, url: string): boolean {
    return this.#all.some((each) => each.url !== url && each.restsUntil <= now);
  }

  answered(url: string): void {
    const endpoint = this.#find(url);
    if (endpoint === null) return;
    endpoint.failures = 0;
    endpoint.restsUntil = 0;
  }

  /** @param restMs - how long the node itself asks to be left alone; otherwise longer each time */
  failed(url: string, now: number, restMs: number | null): void {
    const endpoint = this.#find(url);
    if (endpoint === null) return;
    const byCount = Math.min(restMaxMs, restFirstMs * 2 ** Math.min(endpoint.failures, 16));
    endpoint.failures += 1;
    endpoint.restsUntil = now + Math.min(restMaxMs, restMs ?? byCount);
    if (this.#leader === endpoint) this.#leader = null;
  }

  /** @param address - as the service writes it: `host:port`, for some members with `~` and more */
  led(address: string): void {
    const plain = address.split("~")[0]!;
    const found = this.#all.find((each) => each.address === plain);
    if (found !== undefined) this.#leader = found;
  }

  /** The endpoint at which a URL would be answered; `null` when it is another server's. */
  endpointOf(url: string): string | null {
    const covers = ({ url: base }: Endpoint): boolean => url === base || url.startsWith(`${base}/`);
    return this.#all.find(covers)?.url ?? null;
  }

  #find(url: string): Endpoint | null {
    return this.#all.find((each) => each.url === url) ?? null;
  }
}
