/** Where the time of a request went, for who asks with `?timing`: the header `Server-Timing`. */
import type { StageSink } from "../engine/engine.ts";

export class Stages implements StageSink {
  #ms: Readonly<Record<string, number>> = {};

  /** Of several writes of one request the last one's stages stand: it ends when the request does. */
  set(ms: Readonly<Record<string, number>>): void {
    this.#ms = ms;
  }

  /**
   * One after the other, so that all of them are not more than the total.
   *
   * @param elsewhere - the same header of the node that carried the request out, if it was another
   */
  header(totalMs: number, elsewhere: string | undefined): string {
    const stages = Object.entries(this.#ms).map(([name, ms]) => `${name};dur=${roundedDown(ms)}`);
    const there = elsewhere?.replace("total;", "leader;") ?? [];
    return [...stages, there, `total;dur=${(Math.ceil(totalMs * 1000) / 1000).toFixed(3)}`]
      .flat()
      .join(", ");
  }
}

function roundedDown(ms: number): string {
  return (Math.floor(Math.max(0, ms) * 1000) / 1000).toFixed(3);
}
