/** The tools of the repository, run like a person runs them. */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { within } from "./until.ts";

export interface ToolRun {
  readonly code: number | null;
  /** Both outputs, in the order in which they came. */
  readonly text: string;
}

const recoverScript = join(__dirname, "..", "..", "..", "..", "tools", "recover.mjs");
const patienceMs = 30_000;

/** `npm run recover -- <args>`, without the build before it. */
export async function recover(...args: readonly string[]): Promise<ToolRun> {
  const child = spawn(process.execPath, [recoverScript, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  }
  const ended = new Promise<ToolRun>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, text }));
  });
  try {
    return await within("the recovery tool ends", patienceMs, ended);
  } finally {
    child.kill("SIGKILL");
  }
}
