/** Whether this machine is fit for a node: the disk, the limits of the system, the ports. */
import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

import { percentile } from "../check/perf.ts";
import { isRecord } from "../contexts.ts";
import { failed, ok, warning, type Finding } from "./findings.ts";

/** How many writes are synced to measure the disk. */
const syncs = 100;
/** A batch of the log is about so long, in bytes. */
const batchBytes = 4096;
/** Slower than that one time in a hundred, and writes wait for the disk; in milliseconds. */
export const syncP99MaxMs: number = 10;
/** A node stops taking writes when nothing is left, and snapshots need room for two. */
export const freeMinBytes: number = 1024 ** 3;
/** Connections of clients and peers, and files, one of each. */
export const openFilesMin: number = 4096;

/** @param directory - where a node keeps its data, or is to keep it; it must exist */
export async function diskFindings(directory: string): Promise<readonly Finding[]> {
  return [await spaceFinding(directory), await syncFinding(directory)];
}

async function spaceFinding(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${directory}`;
  if (free >= freeMinBytes) return ok("disk space", detail);
  return failed("disk space", detail, "make room: a node whose disk is full refuses writes (507)");
}

async function syncFinding(directory: string): Promise<Finding> {
  const times = await syncTimes(directory);
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  const detail = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, of ${syncs} writes of 4 KiB`;
  if (p99 <= syncP99MaxMs) return ok("fsync", detail);
  const advice = "every write waits for it: use a local SSD, and nothing else that writes much";
  return warning("fsync", detail, advice);
}

/** @returns in ascending order, in milliseconds */
async function syncTimes(directory: string): Promise<readonly number[]> {
  const folder = await mkdtemp(join(directory, ".counterctl-doctor-"));
  try {
    const file = await open(join(folder, "sync"), "w");
    try {
      const times: number[] = [];
      for (let turn = 0; turn < syncs; turn += 1) {
        const began = performance.now();
        await file.write(new Uint8Array(batchBytes));
        await file.datasync();
        times.push(performance.now() - began);
      }
      return times.sort((a, b) => a - b);
    } finally {
      await file.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How many files a process may have open, as this one was told. */
export function openFilesFinding(report: unknown = process.report.getReport()): Finding {
  const limits = isRecord(report) ? report["userLimits"] : null;
  const files = isRecord(limits) ? limits["open_files"] : null;
  const soft = isRecord(files) ? files["soft"] : null;
  if (soft === "unlimited") return ok("open files", "unlimited");
  if (typeof soft !== "number") {
    return warning("open files", "this system does not say", "look at `ulimit -n` yourself");
  }
  const detail = `at most ${soft}`;
  if (soft >= openFilesMin) return ok("open files", detail);
  return warning("open files", detail, `ulimit -n ${openFilesMin}, or LimitNOFILE in systemd`);
}

/** Whether a node could listen here. */
export async function portFinding(port: number): Promise<Finding> {
  const free = await isFree(port);
  if (free) return ok(`port ${port}`, "free");
  return failed(`port ${port}`, "in use", `who has it: ss -ltnp 'sport = :${port}'`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
