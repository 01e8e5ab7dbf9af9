/** How much memory a process has, as the kernel counts it. */
import { readFile } from "node:fs/promises";

/** Resident memory in MiB; `null` where there is no `/proc`. */
export async function residentMiB(pid: number): Promise<number | null> {
  if (process.platform !== "linux") return null;
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}
