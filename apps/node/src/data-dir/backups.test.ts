import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { decodeRestorePart, plainConfig } from "@counter/state-machine";

import { decodeBackup } from "./backup-parser.ts";
import { Backups, backupsKept } from "./backups.ts";
import { partCounters } from "./received-backup.ts";

const counters = [
  { name: "default", value: 2n ** 70n, issued: 3n, config: plainConfig },
  { name: "seats", value: -3n, issued: null, config: plainConfig },
];
let dir: string;

async function read(backups: Backups, file: string | null): Promise<Uint8Array | null> {
  const found = await backups.read(file);
  if (found === null) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of found) chunks.push(chunk);
  return Buffer.concat(chunks);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "backups-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test("a backup is read back exactly, values beyond 2^53 included", async () => {
  const backups = new Backups(dir, "c1");
  const saved = await backups.save({ index: 7, counters });
  const loaded = await read(backups, saved.file);
  expect(decodeBackup(loaded!)).toEqual({ index: 7, counters });
  const onDisk = await readFile(saved.path);
  expect(createHash("sha256").update(onDisk).digest("hex")).toBe(saved.sha256);
  expect(await readdir(join(dir, "backups"))).toEqual([saved.file]);
});

test("without a name the backup of the highest index is taken", async () => {
  const backups = new Backups(dir, "c1");
  for (const index of [9, 1000, 70]) await backups.save({ index, counters });
  expect(decodeBackup((await read(backups, null))!).index).toBe(1000);
});

it.each(["none.backup", "../identity.json", "..", "/etc/passwd", ".writing-1", ""])(
  "there is no backup %j",
  async (name) => {
    const backups = new Backups(dir, "c1");
    await backups.save({ index: 1, counters });
    expect(await read(backups, name)).toBeNull();
  },
);

test("a directory without backups has no newest one", async () => {
  expect(await read(new Backups(dir, "c1"), null)).toBeNull();
});

test("only the newest ones are kept", async () => {
  const backups = new Backups(dir, "c1");
  for (let index = 1; index <= backupsKept + 1; index += 1) await backups.save({ index, counters });
  const names = (await readdir(join(dir, "backups"))).sort();
  expect(names).toHaveLength(backupsKept);
  expect(names[0]).toBe("counter-0000000000000002.backup");
});

test("numbers that begin again do not make an old backup the newest", async () => {
  const backups = new Backups(dir, "c1");
  const saved = [
    await backups.saveNext({ index: 7, counters }),
    ...(await Promise.all([
      backups.saveNext({ index: 3, counters: [] }),
      backups.saveNext({ index: 4, counters }),
    ])),
    await backups.saveNext({ index: 20, counters: [] }),
  ];
  expect(saved.map(({ index }) => index)).toEqual([7, 8, 9, 20]);
  expect(await read(backups, null)).toEqual(await readFile(saved[3]!.path));
  expect(decodeBackup((await read(backups, saved[1]!.file))!)).toEqual({
    index: 8,
    counters: [],
  });
});

test("what is taken in is looked through in steps, and others have their turns between them", async () => {
  const backups = new Backups(dir, "c1");
  const many = Array.from({ length: 20_000 }, (_, at) => {
    return { name: `counter-${at}`, value: BigInt(at), issued: null, config: plainConfig };
  });
  const { file } = await backups.save({ index: 1, counters: many });
  const whole = (await read(backups, file))!;
  let turns = 0;
  let ended = false;
  const next = (): void => {
    turns += 1;
    if (!ended) setImmediate(next);
  };
  setImmediate(next);
  const received = await backups.receive(Readable.from([whole]));
  ended = true;
  expect(turns).toBeGreaterThan(5);
  const lengths: number[] = [];
  for await (const data of received.parts()) lengths.push(decodeRestorePart(data).length);
  await received.close();
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(many.length);
  expect(Math.max(...lengths)).toBe(partCounters);
});
