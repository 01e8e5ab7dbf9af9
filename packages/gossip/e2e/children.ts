/** Members in processes of their own, and what they tell. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** What a child says; which fields there are depends on the type. */
export interface Said {
  readonly type: string;
  readonly [field: string]: unknown;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #waiting: (() => void)[] = [];
  readonly said: Said[] = [];

  /** @param script - a file of `processes/` */
  constructor(script: string, args: readonly string[]) {
    this.#process = fork(join(__dirname, "processes", script), args);
    const tell = (): void => {
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.#process.on("message", (message: Said) => {
      this.said.push(message);
      tell();
    });
    this.#process.on("exit", tell);
  }

  say(message: object): void {
    this.#process.send(message);
  }

  /** Waits for the first of these that it says, from its `after`th word on. */
  async hears(types: readonly string[], after: number = 0): Promise<Said> {
    for (;;) {
      const found = this.said.slice(after).find(({ type }) => types.includes(type));
      if (found !== undefined) return found;
      const { exitCode } = this.#process;
      if (exitCode !== null) throw new Error(`it ended and never said ${types.join(" or ")}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}
