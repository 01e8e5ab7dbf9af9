/** Ends the program in good order when it is asked to, however often and by whomever. */
import type { Logger } from "winston";

import { messageOf } from "./error-text.ts";
import { exitCodes } from "./exit-codes.ts";
import type { RunningNode } from "./running.ts";

const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Nx, npm and a terminal may each pass on the same Ctrl-C, and leave before we do: every signal
 * after the first is ignored, and nobody reading our output any more is not an error.
 *
 * @param reload - what SIGHUP is for where there are files to be read again; `null`: where there are
 *   none it means that the terminal is gone, and ends the program as the others do
 * @returns resolves with the signal that came first
 */
export function untilSignal(reload: (() => void) | null): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(signal));
    process.on("SIGHUP", () => {
      if (reload === null) resolve("SIGHUP");
      else reload();
    });
  });
}

/** `kill -USR2`: the node goes on. Unheard, it would end the process. */
export function onSignalToRecord(record: () => void): void {
  process.on("SIGUSR2", record);
}

/** A launcher that is gone leaves a broken pipe, which must not become a crash. */
export function ignoreClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
  }
}

/**
 * Stops the node within its time.
 *
 * @returns the exit code
 */
export async function stopInTime(
  node: RunningNode,
  options: { readonly timeoutMs: number; readonly log: Logger },
): Promise<number> {
  const { timeoutMs, log } = options;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), timeoutMs);
  });
  try {
    const how = await Promise.race([node.stop(), late]);
    if (how !== "late") return exitCodes.ok;
    log.error(`not stopped within ${timeoutMs} ms; ending anyway, nothing acknowledged is lost`);
  } catch (error) {
    log.error("stopping failed", { reason: messageOf(error), error });
  } finally {
    clearTimeout(timer);
  }
  return exitCodes.fatal;
}
