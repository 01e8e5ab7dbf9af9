// What does a long partition cost? Three nodes of eventual mode on real disks and sockets; one is cut
// off, the others count on, and it gets what it missed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause, ServerProcess, until } from "./server-process.mjs";

const script = join(import.meta.dirname, "replay-node.mjs");

/**
 * @param options - `times`: increments that one node misses; `keyed`: each with a key of its own;
 *   `clients`: how many at once
 */
export async function benchReplay({ times, keyed, clients }) {
  const root = mkdtempSync(join(tmpdir(), "counter-replay-"));
  const keysMax = keyed ? times + 1000 : 1000;
  const nodes = [1, 2, 3].map((id) => {
    return new ServerProcess(script, { id, directory: join(root, String(id)), keysMax });
  });
  try {
    const peers = (await Promise.all(nodes.map(({ port }) => port))).map((p) => `127.0.0.1:${p}`);
    await Promise.all(nodes.map((node) => node.ask("start", { peers })));
    await until(async () => (await everyone(nodes, "ready")).every(Boolean) || null);
    const [writer, , away] = nodes;
    await writer.ask("increments", { times: 20_000, clients, keyed: false }); // the compiler warms up
    await until(() => agreed(nodes));
    await away.ask("cut", { on: true });
    await everyone(nodes, "measure");
    const writtenMs = await writer.ask("increments", { times, clients, keyed });
    const meanwhile = await everyone(nodes, "measured");
    await everyone(nodes, "measure");
    const healedAt = performance.now();
    await away.ask("cut", { on: false });
    await until(() => agreed(nodes), 300_000);
    const replayedMs = performance.now() - healedAt;
    await pause(200);
    const after = await everyone(nodes, "measured");
    await everyone(nodes, "stop");
    return { times, keyed, writtenMs, replayedMs, meanwhile, after };
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(root, { recursive: true, force: true });
  }
}

function everyone(nodes, order) {
  return Promise.all(nodes.map((node) => node.ask(order)));
}

async function agreed(nodes) {
  return new Set(await everyone(nodes, "value")).size === 1 || null;
}

export function printReplay({ times, keyed, writtenMs, replayedMs, meanwhile, after }) {
  const perSecond = (ms) => Math.round(times / (ms / 1000)).toLocaleString("en");
  const [, , away] = after;
  const most = (rows, field) => Math.max(...rows.map((row) => row[field]));
  const mb = (bytes) => (bytes / 1e6).toFixed(1);
  const what = keyed ? "with a key each" : "without keys";
  console.log(
    `  ${times.toLocaleString("en")} increments ${what}`,
    `\n    written     ${perSecond(writtenMs)} a second on one node, all on its disk, a second node beside`,
    `\n    replayed    ${(replayedMs / 1000).toFixed(2)} s after the partition, ${perSecond(replayedMs)} a second`,
    `\n    travelled   ${away.records.toLocaleString("en")} records, ${mb(away.bytes)} MB,`,
    `${(away.bytes / times).toFixed(1)} bytes an increment, ${away.snapshots} snapshots`,
    `\n    kept        ${mb(meanwhile[0].retained)} MB of records for the one that was away`,
    `\n    memory      at most ${mb(most(meanwhile, "rssMax"))} MB resident before, ${mb(most(after, "rssMax"))} MB while replaying`,
    `\n    stalls      writing: ${stalls(meanwhile)}   replaying: ${stalls(after)}`,
  );
}

/** The longest of any node: on the core, without the wait for a core, all. */
function stalls(rows) {
  const [cpu, own, wall] = ["cpuMs", "ownMs", "wallMs"].map((field) => {
    return Math.max(...rows.map((row) => row[field])).toFixed(0);
  });
  return `${cpu} · ${own} · ${wall} ms`;
}
