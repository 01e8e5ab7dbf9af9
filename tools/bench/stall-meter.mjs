// How long does the event loop stand still, and whose fault is it? A machine that is busy keeps a
// process waiting for a core; the kernel says for how long, and that is not the program's doing.
import { closeSync, openSync, readSync } from "node:fs";

const everyMs = 2;

export class StallMeter {
  #file = openSchedstat();
  #buffer = Buffer.alloc(64);
  #timer;
  #lastMs = performance.now();
  #lastDelayMs = this.#delayMs();
  #wallMs = 0;
  #ownMs = 0;
  #over = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  reset() {
    this.#look();
    this.#wallMs = 0;
    this.#ownMs = 0;
    this.#over = 0;
  }

  /** The longest stall since `reset`, with and without the wait for a core; how many over 50 ms. */
  read() {
    this.#look();
    return { wallMs: this.#wallMs, ownMs: this.#ownMs, over: this.#over };
  }

  stop() {
    clearInterval(this.#timer);
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #look() {
    const nowMs = performance.now();
    const delayMs = this.#delayMs();
    const wallMs = Math.max(0, nowMs - this.#lastMs - everyMs);
    const ownMs = Math.max(0, wallMs - (delayMs - this.#lastDelayMs));
    this.#wallMs = Math.max(this.#wallMs, wallMs);
    this.#ownMs = Math.max(this.#ownMs, ownMs);
    if (ownMs > 50) this.#over += 1;
    this.#lastMs = nowMs;
    this.#lastDelayMs = delayMs;
  }

  /** How long this thread has waited for a core so far; 0 where the kernel does not tell. */
  #delayMs() {
    if (this.#file === null) return 0;
    const bytes = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.latin1Slice(0, bytes).split(" ")[1]) / 1e6;
  }
}

function openSchedstat() {
  try {
    return openSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, "r");
  } catch {
    return null; // not Linux: the figures are those of the clock on the wall
  }
}
