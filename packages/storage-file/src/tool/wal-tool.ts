/** `npm run wal`: prints a log, verifies it, cuts a torn tail. */
import { StorageDamagedError, StorageError } from "../errors.ts";
import { type Examination, type ExaminedSnapshot, examine } from "../examine.ts";
import { nodeFileSystem } from "../file-system.ts";
import { MalformedError } from "../format/bytes.ts";
import { CheckpointReader } from "../format/checkpoint-format.ts";
import { lockDirectory } from "../lock.ts";
import { cutTornTail } from "../open.ts";
import { readPayload, verifyPayload } from "../snapshot-file.ts";
import { logLines } from "./log-lines.ts";

/** Where the tool writes, line by line. */
export interface WalToolOutput {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}

const help = `Prints the write-ahead log of a server, line by line, and verifies it.

  npm run wal -- <directory>                   print and verify
  npm run wal -- <directory> --quiet           verify only
  npm run wal -- <directory> --truncate-tail   also cut a torn tail (the server must be stopped)

Each line is: file, byte offset, frame, what, where, more. A frame is one batch: what one write
call put on the disk, followed by one fdatasync. After a crash it is there as a whole or not at all.

  segment        a file of the log; what the files before it amount to
  command        an entry for the state machine, index@term
  noop           the first entry of a leader's term
  configuration  an entry that changes who takes part
  hard state     term, vote and commit index of this server
  snapshot       a snapshot is in force: "saved", our own, or "installed", received from a leader

The journal of an eventual node is such a log too: its entries are commands of term 1, shown with
their first bytes, a "saved" snapshot is a checkpoint, and a noop means nothing.

A torn tail is what is left of a write that the power cut short. Nobody was told that it was
durable, so cutting it loses nothing; a starting server does it by itself. Everything else that is
wrong is damage: bytes are missing that others may count on. No tool can bring them back; the
message says what to do. The format is described in docs/wal.md.

While the server runs, the newest batch can look like a torn tail: it is just being written.

Exit codes: 0 sound, 1 damaged, 2 wrong arguments or unreadable, 3 sound but for a torn tail.`;

const flags = ["--quiet", "--truncate-tail"] as const;

/**
 * Runs the tool.
 *
 * @param args - the arguments of the command line, without program and script
 * @returns the exit code: 0 sound, 1 damaged, 2 wrong arguments or unreadable, 3 torn tail
 */
export async function runWalTool(args: readonly string[], output: WalToolOutput): Promise<number> {
  if (args.includes("--help") || args.length === 0) {
    output.out(help);
    return args.length === 0 ? 2 : 0;
  }
  const unknown = args.find((arg) => arg.startsWith("-") && !flags.some((flag) => flag === arg));
  const directories = args.filter((arg) => !arg.startsWith("-"));
  const [directory] = directories;
  if (unknown !== undefined || directory === undefined || directories.length > 1) {
    output.error(unknown === undefined ? "give one directory" : `unknown option ${unknown}`);
    output.error("--help says more");
    return 2;
  }
  const quiet = args.includes("--quiet");
  const cut = args.includes("--truncate-tail");
  try {
    return await (cut ? cutLocked : check)(directory, quiet, output);
  } catch (error) {
    output.error(
      error instanceof Error || error instanceof StorageError ? error.message : String(error),
    );
    return error instanceof StorageDamagedError ? 1 : 2;
  }
}

/** Prints and verifies everything; a torn tail is only reported. */
async function check(directory: string, quiet: boolean, output: WalToolOutput): Promise<number> {
  const examined = await print(directory, quiet, output);
  if (examined.torn === null) return 0;
  const { path, offset, found } = examined.torn;
  output.out(`torn tail: ${path} at byte ${offset}: ${found}; --truncate-tail cuts it`);
  return 3;
}

/** The same under the lock, so that no server writes meanwhile; then cuts. */
async function cutLocked(
  directory: string,
  quiet: boolean,
  output: WalToolOutput,
): Promise<number> {
  const lock = await lockDirectory(nodeFileSystem, directory);
  try {
    const { torn } = await print(directory, quiet, output);
    if (torn === null) {
      output.out("there is no torn tail");
      return 0;
    }
    await cutTornTail(nodeFileSystem, torn);
    output.out(`cut: bytes ${torn.offset} to ${torn.end} of ${torn.path} are zeros now`);
    return 0;
  } finally {
    await lock.release();
  }
}

/** A Raft server with a snapshot has a term: without one, this is a journal. */
async function checkpointLine({ path, outline }: ExaminedSnapshot): Promise<string> {
  const reader = new CheckpointReader();
  let count = 0;
  try {
    for await (const chunk of readPayload(nodeFileSystem, path, outline)) {
      count += [...reader.read(chunk)].length;
    }
    reader.end(outline.meta.index);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new StorageDamagedError({ file: path, offset: outline.headBytes, found: error.message });
  }
  const covered = reader.covered ?? 0;
  return `journal: a checkpoint of ${count} entries in place of entries up to ${covered}`;
}

async function print(
  directory: string,
  quiet: boolean,
  output: WalToolOutput,
): Promise<Examination> {
  const visitor = quiet ? undefined : logLines(output.out);
  const examined = await examine(nodeFileSystem, directory, visitor);
  const { snapshot, state, entries, point } = examined;
  if (snapshot !== null) await verifyPayload(nodeFileSystem, snapshot.path, snapshot.outline);
  if (snapshot !== null && state.hardState.term === 0) output.out(await checkpointLine(snapshot));
  if (examined.anchor === null) {
    output.out("there is no log: a server that starts here is a new one");
    return examined;
  }
  const first = entries[0]?.index;
  const range = first === undefined ? "no entries" : `entries ${first} to ${entries.at(-1)!.index}`;
  const id = state.snapshot;
  const text = id === null ? "no snapshot" : `snapshot ${id.index}@${id.term}`;
  const { term, vote, commitIndex } = state.hardState;
  const hard = `term ${term} vote ${vote ?? "-"} commit ${commitIndex}`;
  output.out(`sound: ${point.number} frames, ${range}, ${text}, ${hard}`);
  return examined;
}
