/** Random numbers of a seed, and damage to bytes. */

/** Whole numbers from 0 up to below `below`. */
export type Draw = (below: number) => number;

/** Mulberry32: small, and good enough for tests. */
export function drawFrom(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One of them. */
export function pick<T>(draw: Draw, from: readonly T[]): T {
  return from[draw(from.length)]!;
}

/** So many lower-case hexadecimal digits. */
export function digits(draw: Draw, length: number): string {
  return Array.from({ length }, () => draw(16).toString(16)).join("");
}

/** A UUIDv7 that was issued then. */
export function timeOrderedKey(draw: Draw, time: number): string {
  const stamp = time.toString(16).padStart(12, "0");
  return [
    stamp.slice(0, 8),
    stamp.slice(8),
    `7${digits(draw, 3)}`,
    `${pick(draw, ["8", "9", "a", "b"])}${digits(draw, 3)}`,
    digits(draw, 12),
  ].join("-");
}

/** A copy with one to four kinds of damage. Now and then it is the same as before. */
export function damaged(bytes: Uint8Array, draw: Draw): Uint8Array {
  let list = [...bytes];
  for (let times = draw(4) + 1; times > 0; times -= 1) {
    const at = draw(list.length + 1);
    switch (draw(6)) {
      case 0:
        list[at] = (list[at] ?? 0) ^ (1 << draw(8));
        break;
      case 1:
        list[at] = draw(256);
        break;
      case 2:
        list = list.slice(0, at);
        break;
      case 3:
        list.splice(at, draw(4) + 1);
        break;
      case 4:
        list.splice(at, 0, ...list.slice(at, at + draw(20)));
        break;
      default:
        list.splice(at, 0, ...[0xff, 0xff, 0xff, 0xff, 0x0f].slice(draw(4)));
    }
  }
  return Uint8Array.from(list);
}
