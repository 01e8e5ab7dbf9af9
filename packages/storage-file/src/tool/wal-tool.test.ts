import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFileStorage, runWalTool } from "../index.ts";
import { segmentName } from "../names.ts";
import { bytesOf, entry, hardState, log, meta, pieces, write } from "../test-support/builders.ts";
import { copyOf, newDirectory, rewrite } from "../test-support/directories.ts";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096 } as const;

interface Run {
  readonly code: number;
  readonly out: readonly string[];
  readonly error: readonly string[];
}

async function run(...args: readonly string[]): Promise<Run> {
  const out: string[] = [];
  const error: string[] = [];
  const output = {
    out: (line: string) => out.push(line),
    error: (line: string) => error.push(line),
  };
  return { code: await runWalTool(args, output), out, error };
}

/** Every kind of record, two segments. */
async function everyRecord(): Promise<string> {
  const storage = await openFileStorage(await newDirectory(), options);
  const noop = { ...entry(2, 2, ""), kind: "noop" as const };
  await storage.write(write({ entries: log(1, "1"), hardState: hardState(1, { vote: "n2" }) }));
  await storage.write(write({ entries: [noop, entry(3, 2, "x".repeat(3600))] }));
  await storage.saveSnapshot(meta(2, 2), pieces("two"));
  const chunk = { snapshot: meta(9, 3), offset: 0, data: bytesOf("nine"), done: true };
  await storage.write(write({ chunk, hardState: hardState(3, { commitIndex: 9 }) }));
  await storage.close();
  return storage.directory;
}

/** A log whose last frame is torn, as after a power failure. */
async function tornLog(): Promise<string> {
  const storage = await openFileStorage(await newDirectory(), options);
  await storage.write(write({ entries: log(1, "1") }));
  const torn = await copyOf(storage.directory);
  await storage.write(write({ entries: log(2, "1") }));
  await storage.close();
  const newer = await readFile(join(storage.directory, segmentName(1)));
  await rewrite(join(torn, segmentName(1)), (old) => {
    old.set(newer.subarray(0, 256 + 70));
    return old;
  });
  return torn;
}

it("prints every record on a line of its own", async () => {
  const directory = await everyRecord();
  const { code, out } = await run(directory);
  const [one, two] = [segmentName(1), segmentName(2)];
  expect(out).toEqual([
    `${one}          0  -         segment        1           4096 bytes, continues frame 0: term 0 vote - last 0 commit 0 snapshot none`,
    `${one}        256  #1        command        1@1         3 bytes`,
    `${one}        256  #1        hard state                 term 1 vote n2 commit 0`,
    `${two}          0  -         segment        2           8192 bytes, continues frame 1: term 1 vote n2 last 1 commit 0 snapshot none`,
    `${two}        256  #2        noop           2@2         0 bytes`,
    `${two}        256  #2        command        3@2         3600 bytes`,
    `${two}       3898  #3        snapshot       2@2         saved: our own`,
    `${two}       3933  #4        snapshot       9@3         installed: the log restarts behind it`,
    `${two}       3933  #4        hard state                 term 3 vote - commit 9`,
    "sound: 4 frames, no entries, snapshot 9@3, term 3 vote - commit 9",
  ]);
  expect(code).toBe(0);
});

it("says only whether the log is sound with --quiet", async () => {
  const { code, out } = await run(await everyRecord(), "--quiet");
  expect(code).toBe(0);
  expect(out).toHaveLength(1);
});

it("says that there is no log in an empty directory", async () => {
  const { code, out } = await run(await newDirectory());
  expect(code).toBe(0);
  expect(out).toEqual(["there is no log: a server that starts here is a new one"]);
});

it("explains itself", async () => {
  expect((await run("--help")).out.join()).toContain("torn tail");
  expect((await run("--help")).code).toBe(0);
  expect((await run()).code).toBe(2);
});

it.each([[["--wrong", "x"]], [["a", "b"]], [["--quiet"]], [["/does/not/exist"]]])(
  "refuses %j with exit code 2",
  async (args) => {
    const { code, error } = await run(...args);
    expect(code).toBe(2);
    expect(error[0]).not.toBe("");
  },
);

it("reports a torn tail, and cuts it only when told to", async () => {
  const directory = await tornLog();
  const file = join(directory, segmentName(1));
  const before = await readFile(file);
  const first = await run(directory, "--quiet");
  expect(first.code).toBe(3);
  expect(first.out.at(-1)).toContain("--truncate-tail cuts it");
  expect(await readFile(file)).toEqual(before);
  expect((await run(directory, "--quiet", "--truncate-tail")).out.at(-1)).toContain(
    "are zeros now",
  );
  const after = await run(directory, "--quiet", "--truncate-tail");
  expect(after.out.at(-1)).toBe("there is no torn tail");
  expect(after.code).toBe(0);
});

it("cuts nothing while a server runs", async () => {
  const storage = await openFileStorage(await newDirectory(), options);
  const { code, error } = await run(storage.directory, "--truncate-tail");
  expect(code).toBe(2);
  expect(error[0]).toContain(`in use by process ${process.pid}`);
  await storage.close();
});

it("says where a log is damaged, and cuts nothing", async () => {
  const directory = await everyRecord();
  await rewrite(join(directory, segmentName(1)), (bytes) => bytes.fill(0xff, 300, 301));
  for (const args of [[directory], [directory, "--truncate-tail"]]) {
    const { code, error } = await run(...args);
    expect(code).toBe(1);
    expect(error[0]).toContain("is damaged at byte 256");
  }
});

it("reads the snapshot in force to its last byte", async () => {
  const directory = await everyRecord();
  const name = "snapshot-0000000000000009-0000000000000003.bin";
  await rewrite(join(directory, name), (bytes) => bytes.fill(0xff, -17, -16));
  const { code, error } = await run(directory, "--quiet");
  expect(code).toBe(1);
  expect(error[0]).toContain("the snapshot fails its checksum");
});
