/** counterctl as a person runs it: the built command, in a process of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { within } from "../../node/e2e/support/until.ts";

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

const program = join(__dirname, "..", "bin", "counterctl.mjs");
const patienceMs = 120_000;

/** How a test runs it: against which nodes, with what environment and standard input. */
export interface Terminal {
  readonly endpoints: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** A command that runs; it can be stopped as with Ctrl-C. */
export interface Running {
  readonly ended: Promise<Run>;
  readonly interrupt: () => void;
}

export function begin({ endpoints, env = {}, input = "" }: Terminal, ...args: string[]): Running {
  const names = Object.keys(process.env).filter((name) => !name.startsWith("COUNTERCTL_"));
  const inherited = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  const own = { COUNTERCTL_ENDPOINTS: endpoints.join(","), COUNTERCTL_CONFIG: "/nonexistent" };
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...inherited, ...own, ...env },
  });
  let out = "";
  let error = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (error += chunk));
  child.stdin.end(input);
  const ended = new Promise<Run>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, error }));
  });
  return { ended, interrupt: () => void child.kill("SIGINT") };
}

export async function run(terminal: Terminal, ...args: string[]): Promise<Run> {
  const running = begin(terminal, ...args);
  try {
    return await within(`counterctl ${args.join(" ")} ends`, patienceMs, running.ended);
  } finally {
    running.interrupt();
  }
}

/** What it printed, of a command that must succeed. */
export async function printed(terminal: Terminal, ...args: string[]): Promise<string> {
  const { code, out, error } = await run(terminal, ...args);
  if (code !== 0)
    throw new Error(`counterctl ${args.join(" ")} ended with ${code}: ${error}${out}`);
  return out.trim();
}
