/** Seeded randomness, so that a run repeats: sfc32 by Chris Doty-Humphrey, as a plain record. */

export interface Random {
  a: number;
  b: number;
  c: number;
  counter: number;
}

export function seeded(seed: readonly [number, number, number, number]): Random {
  const random: Random = { a: seed[0], b: seed[1], c: seed[2], counter: seed[3] };
  for (let round = 0; round < 12; round += 1) uint32(random); // mixes seeds that are alike
  return random;
}

export function uint32(random: Random): number {
  const sum = (random.a + random.b + random.counter) | 0;
  random.counter = (random.counter + 1) | 0;
  random.a = random.b ^ (random.b >>> 9);
  random.b = (random.c + (random.c << 3)) | 0;
  random.c = (random.c << 21) | (random.c >>> 11);
  random.c = (random.c + sum) | 0;
  return sum >>> 0;
}

/** A whole number from 0 to `limit` − 1. */
export function below(random: Random, limit: number): number {
  return uint32(random) % limit;
}

/** So many random bits, a multiple of 32, as lower-case hexadecimal digits. */
export function hexBits(random: Random, bits: number): string {
  let digits = "";
  for (let left = bits; left > 0; left -= 32)
    digits += uint32(random).toString(16).padStart(8, "0");
  return digits;
}
