/** Waiting for something to be true, without sleeping. */

/** Conditions that are looked at again whenever something happened. */
export class Watch {
  readonly #waiting = new Set<() => void>();

  /** Something happened. */
  notify(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves once `condition` holds; the test's own time limit ends a wait for nothing. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Goes through turns of the event loop until `condition` holds. */
export async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
