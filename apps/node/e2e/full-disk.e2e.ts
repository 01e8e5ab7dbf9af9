/** A disk that is really full: a small file system that only the node sees, where the system lends one. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exchange, type Reply } from "./support/http.ts";
import { freePorts } from "./support/ports.ts";
import { ServerProcess } from "./support/server-process.ts";
import { until } from "./support/until.ts";

const inNamespace = ["unshare", "--user", "--map-root-user", "--mount"] as const;
const [command, ...options] = inNamespace;
const canMount =
  spawnSync(command, [...options, "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
const itWithMounts = canMount ? it : it.skip;

/** Of 32 MiB most are taken: there is room for the first segment of a log, not for a second one. */
const mounted =
  'mount -t tmpfs -o size=32m none "$0" && head -c 20971520 /dev/zero >"$0/filler" && exec "$@"';

const json = { "content-type": "application/json" };
/** Each takes some 4 kB of the log. */
const labels = Object.fromEntries(
  Array.from({ length: 16 }, (_, number) => [`label-${number}`, "x".repeat(255)]),
);

const problemOf = ({ text }: Reply): unknown => JSON.parse(text);

itWithMounts(
  "a node of eventual mode on a full disk answers 507, and goes on when there is room",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "counter-full-"));
    const [port] = await freePorts(1);
    const flags = [`--port=${port!}`, `--data-dir=${join(directory, "data")}`, "--gossip-port=off"];
    const run = new ServerProcess(
      ["--mode=eventual", ...flags],
      [...inNamespace, "sh", "-c", mounted, directory],
    );
    const ask = (method: string, path: string, body?: object): Promise<Reply> =>
      exchange({
        ...{ port: port!, method, path },
        ...(body === undefined ? {} : { headers: json, body: JSON.stringify(body) }),
      });
    try {
      await until("it is ready", async () => (await ask("GET", "/readyz")).status === 200);
      await ask("POST", "/v1/counters", { name: "seats" });
      let acknowledged = 0;
      const refused = await until("the disk is full", async () => {
        const named = await ask("PATCH", "/v1/counters/seats", { labels });
        if (named.status === 507) return named;
        const added = await ask("POST", "/v1/counters/seats/increment");
        if (added.status === 507) return added;
        expect([named.status, added.status]).toEqual([200, 200]);
        acknowledged += 1;
        return null;
      });
      expect(problemOf(refused)).toMatchObject({
        code: "storage-full",
        outcome: "not-applied",
        retryable: true,
      });
      expect((await ask("GET", "/readyz")).status).toBe(503);
      const { value } = JSON.parse((await ask("GET", "/v1/counters/seats")).text) as {
        value: string;
      };
      expect(Number(value)).toBe(acknowledged);

      const filler = join("/proc", String(run.pid), "root", directory, "filler");
      expect(existsSync(filler)).toBe(true);
      await rm(filler);
      await until("there is room", async () => (await ask("GET", "/readyz")).status === 200);
      const added = await ask("POST", "/v1/counters/seats/increment");
      expect([added.status, problemOf(added)]).toEqual([
        200,
        expect.objectContaining({ value: String(acknowledged + 1) }),
      ]);
    } finally {
      run.signal("SIGTERM");
      await run.end();
      await rm(directory, { recursive: true, force: true });
    }
  },
);
