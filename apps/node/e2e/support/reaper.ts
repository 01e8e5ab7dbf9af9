/** Tells the process that cleans up after us what there is to clean up. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

let reaper: ChildProcess | null = null;

function tell(line: string): void {
  if (reaper === null) {
    // In a group of its own: a Ctrl-C in the terminal must not end it together with us.
    reaper = spawn(process.execPath, [join(__dirname, "reaper.mjs")], {
      detached: true,
      stdio: ["pipe", "ignore", "inherit"],
    });
    reaper.unref();
  }
  reaper.stdin!.write(`${line}\n`);
}

export function watchProcess(pid: number): void {
  tell(`+${pid}`);
}

export function forgetProcess(pid: number): void {
  tell(`-${pid}`);
}

export function watchFolder(path: string): void {
  tell(`@${path}`);
}

/** Kills and removes whatever is still there, and waits for that. */
export async function reap(): Promise<void> {
  const ending = reaper;
  reaper = null;
  if (ending === null) return;
  const ended = once(ending, "exit");
  ending.ref();
  ending.stdin!.end();
  await ended;
}

afterAll(reap);
