/** Long work in pieces: everything else that is due has its turn between them. */

import { pause } from "./pause.ts";

/** Work that has more to do lets others go first after so long, in milliseconds. */
export const turnMaxMs: number = 4;

/** Says when work has had its turn: asked after each small step, of which none takes a millisecond. */
export class Turn {
  #beganMs = performance.now();

  get over(): boolean {
    return performance.now() - this.#beganMs >= turnMaxMs;
  }

  /** Lets others go first; then another turn begins. */
  async next(): Promise<void> {
    await pause();
    this.#beganMs = performance.now();
  }
}
