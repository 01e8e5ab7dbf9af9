// Builds the node, or what else is named, if its sources changed. Several at once are safe: one builds, the others wait.
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = resolve(import.meta.dirname, "..");
const cache = join(root, "node_modules", ".cache");
const lock = join(cache, "counter-build.lock");
const waitMs = 100;
/** A lock without a living owner for this long was left behind by a crash. */
const graceMs = 2000;

/** Rejects with a message for people if the build fails. */
export async function ensureBuilt(project = "apps/node/tsconfig.app.json") {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  if (!existsSync(tsc)) throw new Error("the dependencies are missing: run npm ci first");
  await acquire();
  try {
    await run(tsc, ["-b", project]);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function acquire() {
  await mkdir(cache, { recursive: true });
  for (;;) {
    try {
      await mkdir(lock); // the one who makes it has it
      await writeFile(join(lock, "pid"), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (await abandoned()) await rm(lock, { recursive: true, force: true });
    else await pause(waitMs);
  }
}

async function abandoned() {
  try {
    const pid = Number(await readFile(join(lock, "pid"), "utf8"));
    if (pid > 0) process.kill(pid, 0); // only asks whether it lives
    return pid <= 0 && Date.now() - statSync(lock).mtimeMs > graceMs;
  } catch (error) {
    if (error.code === "EPERM") return false; // lives, and belongs to somebody else
    if (error.code === "ESRCH") return true;
    // No pid yet: either just made, or its maker died in between.
    return existsSync(lock) && Date.now() - statSync(lock).mtimeMs > graceMs;
  }
}

function run(command, args) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk) => (output += chunk);
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", fail);
    child.once("close", (code) => {
      if (code === 0) done();
      else fail(new Error(`the build failed:\n${output.trim()}`));
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureBuilt().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
