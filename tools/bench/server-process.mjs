// A server of a benchmark in a process of its own, that does what it is told over the channel of its
// parent and answers.
import { fork } from "node:child_process";

export class ServerProcess {
  #child;
  #waiting = new Map();
  #orders = 0;
  #port;
  #exited;
  port;

  /** @param setup - given to the script as JSON; has an `id` */
  constructor(script, setup) {
    this.id = setup.id;
    this.#child = fork(script, [JSON.stringify(setup)], {
      execArgv: ["--max-old-space-size=4096"],
    });
    this.port = new Promise((resolve) => (this.#port = resolve));
    this.#child.on("message", (answer) => this.#onAnswer(answer));
    this.#exited = new Promise((resolve) => this.#child.once("exit", resolve));
  }

  ask(order, rest = {}) {
    return new Promise((resolve, reject) => {
      const number = (this.#orders += 1);
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ order, number, ...rest });
    });
  }

  async stop() {
    await this.ask("stop");
    await this.#exited;
  }

  /** No harm if it has stopped. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #onAnswer({ port, number, result, error, fatal }) {
    if (fatal !== undefined) throw new Error(`${this.id}: ${fatal}`);
    if (port !== undefined) return this.#port(port);
    const { resolve, reject } = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) resolve(result);
    else reject(new Error(`${this.id}: ${error}`));
  }
}

export async function until(probe, limitMs = 120_000) {
  const endsAt = performance.now() + limitMs;
  while (performance.now() < endsAt) {
    const found = await probe();
    if (found !== null) return found;
    await pause(20);
  }
  throw new Error("it takes too long");
}

export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
