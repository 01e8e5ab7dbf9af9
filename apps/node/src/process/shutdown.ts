/** Ends the program in good order when it is asked to, however often and by whomever. */
import { constants } from "node:os";

import type { Logger } from "winston";

import { messageOf } from "./error-text.ts";
import { exitCodes } from "./exit-codes.ts";
import type { RunningNode } from "./running.ts";

const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Nx, npm and a terminal may each pass on the same Ctrl-C: what comes within this many milliseconds
 * of the first signal is that signal again.
 */
const sameSignalMs = 1000;

/**
 * A second signal ends the process at once: whoever sends it does not want to wait for a graceful
 * stop. Nothing that was acknowledged is lost by that.
 *
 * @param reload - what SIGHUP is for where there are files to be read again; `null`: where there are
 *   none it means that the terminal is gone, and ends the program as the others do
 * @returns resolves with the signal that came first
 */
export function untilSignal(reload: (() => void) | null): Promise<NodeJS.Signals> {
  let firstMs: number | null = null;
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      firstMs ??= performance.now();
      if (performance.now() - firstMs < sameSignalMs) return resolve(signal);
      process.exit(exitCodes.signalled + constants.signals[signal]);
    };
    for (const signal of signals) process.on(signal, onSignal);
    process.on("SIGHUP", (signal) => {
      if (reload === null) onSignal(signal);
      else reload();
    });
  });
}

/** Has load balancers look elsewhere, and gives them the time that they take to notice. */
export async function withdraw(
  node: Pick<RunningNode, "withdraw" | "stopped">,
  options: { readonly drainDelayMs: number; readonly log: Logger },
): Promise<void> {
  const { drainDelayMs, log } = options;
  node.withdraw();
  if (drainDelayMs === 0) return;
  log.info(`/readyz says so now; stopping in ${drainDelayMs} ms`);
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainDelayMs);
  });
  await Promise.race([node.stopped, over]);
  clearTimeout(timer);
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
