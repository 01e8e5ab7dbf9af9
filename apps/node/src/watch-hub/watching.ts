/** All that a node has for watchers: where they look, their streams, and when they have to leave. */
import { Problem } from "../http/problems.ts";
import type { Access } from "../security/access.ts";
import type { WatchSource } from "./source.ts";
import { WatchStreams, type StreamTimes } from "./streams.ts";
import { WatchDesk } from "./watch-desk.ts";

export class Watching {
  readonly desk: WatchDesk;
  readonly streams: WatchStreams;
  readonly stillMay: Access["stillMay"];
  #source: WatchSource | null = null;

  /** @param starting - what the node waits for before it has anything to show, for people */
  constructor(options: {
    readonly starting: () => string;
    readonly watchersMax: number;
    /** Whether somebody who was let in would be let in now; left out: always. */
    readonly stillMay?: Access["stillMay"];
    readonly times?: StreamTimes;
  }) {
    const { starting, watchersMax, times, stillMay = (): boolean => true } = options;
    this.stillMay = stillMay;
    const source = (): WatchSource => {
      if (this.#source === null) throw new Problem("starting", starting());
      return this.#source;
    };
    this.desk = new WatchDesk(source, watchersMax);
    this.streams = new WatchStreams(this.desk, times);
  }

  /** From now on there is something to watch. */
  begin(source: WatchSource): void {
    this.#source = source;
  }

  /** A counter has another state, or is gone, or is there again. */
  changed(name: string): void {
    this.desk.changed(name);
  }

  /** Any counter may be different, and what was before is forgotten. */
  replaced(): void {
    this.desk.replaced();
  }

  /** Sends everybody elsewhere, until {@link open}. */
  close(reason: string): void {
    this.desk.close(reason);
  }

  open(): void {
    this.desk.open();
  }
}
