/** One run of the built server as a process of its own, started like a person starts it. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { forgetProcess, watchProcess } from "./reaper.ts";
import { patienceMs, within } from "./until.ts";

const main = join(__dirname, "..", "..", "dist", "main.js");

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Settings come from the flags of a test alone, not from the shell that started the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env);
  const kept = names.filter((name) => !name.startsWith("COUNTER_") && name !== "FORCE_COLOR");
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

export class ServerProcess {
  readonly lines: string[] = [];
  /** Resolves when the process has ended and all of its output was read. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #exit: Exit | null = null;

  /** @param launcher - a command that ends in becoming the one that its last arguments name */
  constructor(flags: readonly string[], launcher: readonly string[] = []) {
    const [command, ...args] = [...launcher, process.execPath, main, ...flags];
    const child = spawn(command!, args, {
      env: cleanEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const { pid } = child;
    if (pid !== undefined) watchProcess(pid);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        for (const listener of this.#listeners) listener();
      });
    }
    this.exited = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => pid !== undefined && forgetProcess(pid));
      child.once("close", (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends it and does not wait for anything. */
  signal(name: NodeJS.Signals): void {
    if (this.running) this.#child.kill(name);
  }

  /** How the process ended; it must do so by itself. */
  async end(withinMs: number = patienceMs): Promise<Exit> {
    return within(`process ${this.pid} ends`, withinMs, this.exited);
  }

  /** The first line of the log that matches, from now or from before. */
  async logged(pattern: RegExp, withinMs: number = patienceMs): Promise<string> {
    let listener = (): void => undefined;
    const found = new Promise<string>((resolve) => {
      let read = 0;
      listener = (): void => {
        for (; read < this.lines.length; read += 1) {
          const line = this.lines[read]!;
          if (pattern.test(line)) resolve(line);
        }
      };
      listener();
      this.#listeners.add(listener);
    });
    try {
      return await within(`the log says ${String(pattern)}`, withinMs, found);
    } finally {
      this.#listeners.delete(listener);
    }
  }
}
