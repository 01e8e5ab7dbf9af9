/** What happens to packets and streams between simulated members. */
import type { Random } from "../random.ts";

export interface GossipWeather {
  /** Shares of packets that are lost, 0 to 1. */
  lossRate: number;
  latencyMinMs: number;
  latencyMaxMs: number;
  /** Whether nothing gets from one member to another; both by index. */
  cut: (from: number, to: number) => boolean;
}

export const calmWeather: Readonly<GossipWeather> = {
  lossRate: 0,
  latencyMinMs: 0.5,
  latencyMaxMs: 1.5,
  cut: () => false,
};

/** How long a stream waits before it sends again what was lost, and how often at most. */
const resendMs = 200;
const resendsMax = 6;

export class GossipNetwork {
  readonly weather: GossipWeather;
  readonly #random: Random;

  constructor(random: Random, weather: Partial<GossipWeather>) {
    this.#random = random;
    this.weather = { ...calmWeather, ...weather };
  }

  /** How long a packet takes, in milliseconds; `null`: for ever. */
  packetMs(from: number, to: number): number | null {
    const lost = this.#random.chance(this.weather.lossRate);
    const took = this.#latencyMs();
    return lost || this.weather.cut(from, to) ? null : took;
  }

  /** The same for what is said on a stream, which sends again what was lost. */
  streamMs(from: number, to: number): number | null {
    let took = this.#latencyMs();
    if (this.weather.cut(from, to)) return null;
    for (let resends = 0; this.#random.chance(this.weather.lossRate); resends += 1) {
      if (resends === resendsMax) return null;
      took += resendMs * 2 ** resends;
    }
    return took;
  }

  #latencyMs(): number {
    const { latencyMinMs, latencyMaxMs } = this.weather;
    return latencyMinMs + (this.#random.below(1000) / 1000) * (latencyMaxMs - latencyMinMs);
  }
}
