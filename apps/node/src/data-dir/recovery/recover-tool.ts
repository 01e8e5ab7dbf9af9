/** `npm run recover`: looks at the directories of stopped nodes, and finds a way out for them. */
import { parseArgs } from "node:util";

import { messageOf } from "../../process/error-text.ts";
import {
  exists,
  isOfEventualMode,
  withDataDir,
  type HeldDataDir,
  type Inspection,
  type SoundDataDir,
} from "./inspection.ts";
import { areMajority } from "./comparison.ts";
import { recoverAlone } from "./recover-alone.ts";
import {
  adviceLines,
  comparisonLines,
  damagedLines,
  eventualLines,
  inspectionLines,
  nextStepLines,
  setAsideLines,
  warningLines,
} from "./report.ts";
import { setAside } from "./set-aside.ts";
import { help } from "./help.ts";

/** Where the tool writes, line by line. */
export interface ToolOutput {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}

/** Most directories that are compared; no cluster has more members. */
export const directoriesMax: number = 64;

const codes = { done: 0, refused: 1, badArguments: 2 } as const;

interface Arguments {
  readonly dataDirs: readonly string[];
  readonly action: "show" | "recover" | "set-aside";
  readonly confirm: string | null;
  readonly copyTo: string | null;
}

/** The arguments cannot be meant so. */
class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "RECOVER_USAGE";
}

/**
 * Runs the tool.
 *
 * @param args - the arguments of the command line, without program and script
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong arguments
 */
export async function runRecoverTool(args: readonly string[], output: ToolOutput): Promise<number> {
  if (args.length === 0 || args.includes("--help")) {
    output.out(help);
    return args.length === 0 ? codes.badArguments : codes.done;
  }
  try {
    const given = readArguments(args);
    for (const dataDir of given.dataDirs) {
      if (!(await exists(dataDir))) throw new UsageError(`there is no directory ${dataDir}`);
      if (await isOfEventualMode(dataDir)) {
        eventualLines(dataDir).forEach(output.error);
        return codes.refused;
      }
    }
    return await run(given, output);
  } catch (error) {
    output.error(messageOf(error));
    if (!(error instanceof UsageError)) return codes.refused;
    output.error("Nothing was changed. --help says more.");
    return codes.badArguments;
  }
}

function run(given: Arguments, output: ToolOutput): Promise<number> {
  const [dataDir] = given.dataDirs;
  switch (given.action) {
    case "show":
      return show(given.dataDirs, output);
    case "recover":
      return withDataDir(dataDir!, (held) => recover(held, given, output));
    case "set-aside":
      return withDataDir(dataDir!, (held) => setDamagedAside(held, output));
  }
}

function readArguments(args: readonly string[]): Arguments {
  const { values, positionals: dataDirs } = parsed(args);
  const { confirm = null, "copy-to": copyTo = null } = values;
  const recovers = values["as-single-node"] === true;
  const aside = values["set-aside"] === true;
  if (dataDirs.length === 0) throw new UsageError("name a data directory, such as data/node-8080");
  if (dataDirs.length > directoriesMax) {
    throw new UsageError(`at most ${directoriesMax} directories are compared`);
  }
  if (recovers && aside) {
    throw new UsageError("choose one of --as-single-node and --set-aside");
  }
  if (!recovers && (confirm !== null || copyTo !== null)) {
    throw new UsageError("--confirm and --copy-to belong to --as-single-node");
  }
  if ((recovers || aside) && dataDirs.length > 1) {
    throw new UsageError("only one directory can be changed at a time");
  }
  return { dataDirs, action: recovers ? "recover" : aside ? "set-aside" : "show", confirm, copyTo };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "as-single-node": { type: "boolean" },
        "set-aside": { type: "boolean" },
        confirm: { type: "string" },
        "copy-to": { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

async function show(dataDirs: readonly string[], { out }: ToolOutput): Promise<number> {
  const found: Inspection[] = [];
  for (const dataDir of dataDirs) {
    const inspection = await withDataDir(dataDir, (held) => Promise.resolve(held.inspection));
    inspectionLines(inspection).forEach(out);
    out("");
    found.push(inspection);
  }
  const sound = found.filter((inspection) => inspection.kind === "sound");
  const clusters = new Set(sound.map(({ identity }) => identity.clusterId));
  if (clusters.size > 1) {
    out("These are not servers of one cluster: their cluster ids differ. Compare those of one.");
    return codes.refused;
  }
  if (sound.length > 1) [...comparisonLines(sound), ""].forEach(out);
  if (sound.length > 0) adviceLines(sound).forEach(out);
  for (const { kind, dataDir } of found) {
    if (kind === "damaged") damagedLines(dataDir).forEach(out);
  }
  return sound.length > 0 ? codes.done : codes.refused;
}

async function recover(
  { inspection, storage }: HeldDataDir,
  { confirm, copyTo }: Arguments,
  { out, error }: ToolOutput,
): Promise<number> {
  inspectionLines(inspection).forEach(out);
  out("");
  if (inspection.kind !== "sound" || storage === null) {
    error("Nothing was changed: only a node whose log is sound can go on alone.");
    return codes.refused;
  }
  if (areMajority([inspection])) {
    error("Nothing was changed: this node is a majority by itself. Start it as it is.");
    return codes.refused;
  }
  warningLines(inspection).forEach(out);
  out("");
  checkConfirmation(inspection, confirm);
  const recovered = await recoverAlone(inspection, storage, { copyTo });
  nextStepLines(inspection, recovered).forEach(out);
  return codes.done;
}

function checkConfirmation({ identity }: SoundDataDir, confirm: string | null): void {
  if (confirm === identity.clusterId) return;
  const why =
    confirm === null
      ? "if that is what you want, say so"
      : `this is no node of the cluster ${confirm}; if you mean this one, say so`;
  throw new UsageError(`${why}: --confirm=${identity.clusterId}`);
}

async function setDamagedAside(
  { inspection }: HeldDataDir,
  { out, error }: ToolOutput,
): Promise<number> {
  inspectionLines(inspection).forEach(out);
  out("");
  if (inspection.kind !== "damaged") {
    error("Nothing was changed: there is no damage here. A log that is sound is still needed.");
    return codes.refused;
  }
  const { dataDir } = inspection;
  setAsideLines(dataDir, await setAside(dataDir)).forEach(out);
  return codes.done;
}
