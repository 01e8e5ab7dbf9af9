// How long does the event loop stand still, and whose fault is it? A machine that is busy keeps a
// process waiting for a core, and the helpers of its garbage collector too. The kernel says how long
// this thread ran and how long it waited for a core: what it ran is certainly the program's doing.
import { closeSync, openSync, readSync } from "node:fs";

const everyMs = 2;

export class StallMeter {
  #file = openSchedstat();
  #buffer = Buffer.alloc(64);
  #timer;
  #last = this.#now();
  #most = { cpuMs: 0, ownMs: 0, wallMs: 0 };

  constructor() {
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  reset() {
    this.#look();
    this.#most = { cpuMs: 0, ownMs: 0, wallMs: 0 };
  }

  /**
   * The longest stall since `reset`: of the time on the core alone (`cpuMs`), of all but the wait for
   * a core (`ownMs`: it includes waits for the disk and for the collector), of all of it (`wallMs`).
   */
  read() {
    this.#look();
    return { ...this.#most };
  }

  stop() {
    clearInterval(this.#timer);
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #look() {
    const now = this.#now();
    const wallMs = now.wallMs - this.#last.wallMs - everyMs;
    const waitedMs = now.waitedMs - this.#last.waitedMs;
    const cpuMs = now.cpuMs - this.#last.cpuMs;
    this.#most.wallMs = Math.max(this.#most.wallMs, wallMs);
    this.#most.ownMs = Math.max(this.#most.ownMs, wallMs - waitedMs);
    this.#most.cpuMs = Math.max(this.#most.cpuMs, Math.min(wallMs, cpuMs));
    this.#last = now;
  }

  /** Without the kernel's figures all of the time is taken for the program's. */
  #now() {
    const wallMs = performance.now();
    if (this.#file === null) return { wallMs, waitedMs: 0, cpuMs: wallMs };
    const bytes = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    const [ran, waited] = this.#buffer.latin1Slice(0, bytes).split(" ");
    return { wallMs, waitedMs: Number(waited) / 1e6, cpuMs: Number(ran) / 1e6 };
  }
}

function openSchedstat() {
  try {
    return openSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, "r");
  } catch {
    return null; // not Linux
  }
}
