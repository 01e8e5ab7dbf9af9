import { nextRandom } from "../core/random.ts";
import type { RandomState } from "../core/random.ts";

/** A copy with one to four kinds of damage: flipped bits, lost, doubled and foreign bytes. */
export function damaged(bytes: Uint8Array, dice: RandomState): Uint8Array {
  let list = [...bytes];
  for (let times = nextRandom(dice, 4) + 1; times > 0; times -= 1) {
    const at = nextRandom(dice, list.length + 1);
    switch (nextRandom(dice, 6)) {
      case 0:
        list[at] = (list[at] ?? 0) ^ (1 << nextRandom(dice, 8));
        break;
      case 1:
        list[at] = nextRandom(dice, 256);
        break;
      case 2:
        list = list.slice(0, at);
        break;
      case 3:
        list.splice(at, nextRandom(dice, 4) + 1);
        break;
      case 4:
        list.splice(at, 0, ...list.slice(at, at + nextRandom(dice, 20)));
        break;
      default:
        list.splice(at, 0, ...[0xff, 0xff, 0xff, 0xff, 0x0f].slice(nextRandom(dice, 4)));
    }
  }
  return Uint8Array.from(list);
}
