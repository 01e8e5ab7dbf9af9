import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeFileSystem } from "./file-system.ts";
import { openFileStorage } from "./index.ts";
import { lockDirectory } from "./lock.ts";
import { newDirectory } from "./test-support/directories.ts";

// Other processes compile the sources first.
jest.setTimeout(60_000);

const children: ChildProcess[] = [];
afterAll(() => children.forEach((child) => child.kill("SIGKILL")));

/** Another process that opens the directory, and the first line that it says. */
function openElsewhere(directory: string): Promise<Elsewhere> {
  return run([join(__dirname, "test-support", "hold.cjs"), directory]);
}

interface Elsewhere {
  readonly child: ChildProcess;
  readonly says: string;
}

async function run(args: readonly string[]): Promise<Elsewhere> {
  const child = spawn(process.execPath, args, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  for await (const says of createInterface(child.stdout)) return { child, says };
  throw new Error("the other process said nothing");
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("one opener a directory", () => {
  it("refuses a second opener in the same process, by any path", async () => {
    const directory = await newDirectory();
    const alias = join(await newDirectory(), "alias");
    await symlink(directory, alias);
    const storage = await openFileStorage(directory);
    for (const path of [directory, alias, `${directory}/../${directory.split("/").at(-1)!}`]) {
      await expect(openFileStorage(path)).rejects.toMatchObject({
        code: "STORAGE_LOCKED",
        pid: process.pid,
      });
    }
    await storage.close();
    await (await openFileStorage(alias)).close();
  });

  it("refuses one from another process, and names the process that holds it", async () => {
    const directory = await newDirectory();
    const { child, says } = await openElsewhere(directory);
    expect(says).toBe("open");
    await expect(openFileStorage(directory)).rejects.toThrow(`in use by process ${child.pid!}`);
    await kill(child);
  });

  it("is free again after kill -9 of the holder", async () => {
    const directory = await newDirectory();
    const { child, says } = await openElsewhere(directory);
    expect(says).toBe("open");
    await kill(child);
    const storage = await openFileStorage(directory);
    expect((await openElsewhere(directory)).says).toBe("STORAGE_LOCKED");
    await storage.close();
  });

  it("does not believe the note of a process that is gone, even if its pid is alive", async () => {
    const directory = await newDirectory();
    await writeFile(join(directory, "lock"), `${process.ppid}\n`);
    await (await openFileStorage(directory)).close();
  });

  it("is free after an opening that failed", async () => {
    const directory = await newDirectory();
    await writeFile(join(directory, "wal-0000000000000001.log"), "not a log");
    for (let round = 0; round < 2; round += 1) {
      await expect(openFileStorage(directory)).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    }
  });

  it("names nobody while the holder has not left its note", async () => {
    const directory = await newDirectory();
    await mkdir(join(directory, "sub"));
    const lock = await lockDirectory(nodeFileSystem, directory);
    await nodeFileSystem.remove(join(directory, "lock"));
    await expect(lockDirectory(nodeFileSystem, directory)).rejects.toMatchObject({ pid: null });
    await lock.release();
  });
});

describe("where the lock is a socket file", () => {
  it("refuses while the holder lives", async () => {
    const directory = await newDirectory();
    const first = await lockDirectory(nodeFileSystem, directory, "darwin");
    const second = lockDirectory(nodeFileSystem, directory, "darwin");
    await expect(second).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
    await first.release();
  });

  it("takes over the file that a dead holder left behind", async () => {
    const directory = await newDirectory();
    const { device, inode } = await nodeFileSystem.identity(directory);
    const name = `counter-storage-${device.toString(16)}-${inode.toString(16)}.sock`;
    const path = JSON.stringify(join(tmpdir(), name));
    const listening = `require("net").createServer().listen(${path}, () => console.log("open"))`;
    const { child } = await run(["-e", listening]);
    const early = lockDirectory(nodeFileSystem, directory, "darwin");
    await expect(early).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
    await kill(child);
    const lock = await lockDirectory(nodeFileSystem, directory, "darwin");
    await lock.release();
  });
});
