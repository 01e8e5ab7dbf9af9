/**
 * The only source of chance in a simulation: one seeded generator (sfc32), forked per concern.
 *
 * A concern (network, disk of n2, client 3 …) draws from a fork of its own, so that switching one
 * kind of fault off does not reshuffle all the others: that is what makes shrinking work.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed - any safe integer; `label` separates generators of one seed */
  constructor(seed: number, label: string = "") {
    let mixed = (seed ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x9e3779b1)) | 0;
    for (let i = 0; i < label.length; i += 1) {
      mixed = Math.imul(mixed ^ label.charCodeAt(i), 0x01000193);
    }
    // splitmix32 spreads neighbouring seeds far apart before sfc32 starts from them.
    const spread = (): number => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let z = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) | 0;
    };
    this.#a = spread();
    this.#b = spread();
    this.#c = spread();
    for (let i = 0; i < 12; i += 1) this.next();
  }

  /** A generator that depends on this one's state and on `label`, and draws apart from it. */
  fork(label: string): Random {
    return new Random(this.next(), label);
  }

  /** A whole number from 0 to 2^32 − 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `limit` − 1; `limit` from 1 to 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with this probability; always draws once, so that a probability of 0 changes nothing else. */
  chance(probability: number): boolean {
    return this.next() / 0x1_0000_0000 < probability;
  }

  /** One of a non-empty list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** The same items in another order; the list itself stays as it is. */
  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
}
