/** The program: settings, log, node, signals, exit code. `--help` says more. */
import { readFileSync } from "node:fs";

import type { Logger } from "winston";
import { z } from "zod";

import { readConfig } from "./config/config.ts";
import { takeLogLevel } from "./config/log-level-again.ts";
import type { NodeConfig } from "./config/node-config.ts";
import { messageOf } from "./process/error-text.ts";
import { startEventualNode } from "./eventual-node.ts";
import { exitCodes, StartError } from "./process/exit-codes.ts";
import { createLog, type LogContext } from "./process/logging.ts";
import { startRaftNode } from "./raft-node.ts";
import type { NodeParts, RunningNode } from "./process/running.ts";
import { hasFiles } from "./security/security.ts";
import { runTokenTool } from "./security/token-tool.ts";
import {
  ignoreClosedOutput,
  onSignalToRecord,
  stopInTime,
  untilSignal,
  withdraw,
} from "./process/shutdown.ts";

process.env["NODE_ENV"] ??= "production"; // Express is slower and tells clients more without it

const manifestSchema = z.object({
  version: z.string(),
  /** Written by whoever packs a release, as npm does. */
  gitHead: z.string().default("unknown"),
});

function readManifest(): z.infer<typeof manifestSchema> {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return manifestSchema.parse(JSON.parse(text));
}

/** Every mode has its own composition; a mode without a line stops the build here. */
function start(config: NodeConfig, rest: Omit<NodeParts, "config">): Promise<RunningNode> {
  switch (config.mode) {
    case "raft":
      return startRaftNode({ ...rest, config });
    case "eventual":
      return startEventualNode({ ...rest, config });
  }
}

const leaving = "leaving the cluster";

async function readAgain(log: Logger): Promise<void> {
  takeLogLevel(log, await readConfig(process.argv.slice(2), process.env));
}

async function run({ config, ...rest }: NodeParts): Promise<number> {
  const { log } = rest;
  let running: RunningNode | null = null; // before there is one, there is nothing to record
  const reload = (): void => {
    void running?.reload();
    if (config.configFile !== null) void readAgain(log);
  };
  const reloads = hasFiles(config) || config.configFile !== null;
  const signalled = untilSignal(reloads ? reload : null);
  onSignalToRecord(() => void running?.record());
  const cancelling = new AbortController();
  const starting = start(config, { ...rest, cancel: cancelling.signal });
  const early = await Promise.race([signalled, starting.then(() => null)]);
  if (early !== null) cancelling.abort();
  const node = await starting.catch((error: unknown) => {
    if (early === null) throw error;
    log.info(`stopped by ${early} before it had started`, { reason: messageOf(error) });
    return null;
  });
  if (node === null) return exitCodes.ok;
  running = node;
  const left = node.left.then(() => leaving);
  const cause = early ?? (await Promise.race([signalled, left, node.stopped]));
  if (typeof cause !== "string") {
    if (!(cause instanceof StartError)) return exitCodes.fatal; // its line is in the log already
    log.error(cause.message);
    return cause.exitCode;
  }
  log.info(`stopping after ${cause}`);
  if (cause !== leaving) await withdraw(node, { ...config, log });
  const exitCode = await stopInTime(node, { timeoutMs: config.shutdownTimeoutMs, log });
  if (exitCode === exitCodes.ok) log.info("stopped");
  return exitCode;
}

async function main(): Promise<number> {
  ignoreClosedOutput();
  const [command, ...rest] = process.argv.slice(2);
  if (command === "token") return runTokenTool(rest);
  const width = process.stdout.isTTY ? process.stdout.columns : 100;
  const result = await readConfig(process.argv.slice(2), process.env, width);
  switch (result.kind) {
    case "text":
      console.log(result.text);
      return exitCodes.ok;
    case "version":
      console.log(readManifest().version);
      return exitCodes.ok;
    case "problems":
      for (const problem of result.problems) console.error(problem);
      console.error("Nothing was started. --help lists all settings.");
      return exitCodes.badConfig;
    case "config": {
      const { config } = result;
      const { version, gitHead: commit } = readManifest();
      const logContext: LogContext = { term: null };
      const wanted = process.stdout.isTTY || process.env["FORCE_COLOR"] !== undefined;
      const colours = wanted && process.env["NO_COLOR"] === undefined;
      const log = createLog(config, logContext, { colours });
      try {
        return await run({ config, log, logContext, version, commit });
      } catch (error) {
        const expected = error instanceof StartError;
        log.error(expected ? error.message : "the node cannot start", expected ? {} : { error });
        return expected ? error.exitCode : exitCodes.fatal;
      }
    }
  }
}

process.on("uncaughtException", (error) => {
  console.error("fatal:", error);
  process.exit(exitCodes.fatal);
});

process.exit(await main());
