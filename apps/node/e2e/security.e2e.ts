/** Tokens, secrets between nodes, their rotation while all run, and logs without a secret in them. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { withEventual } from "./support/eventual.ts";
import { until } from "./support/until.ts";

const token = `ctr_${randomBytes(32).toString("base64url")}`;
const secretOf = (): string => randomBytes(32).toString("hex");
const headers = { authorization: `Bearer ${token}` };

/** The files of a cluster, and all secrets that were ever in them. */
class Files {
  readonly folder: string;
  readonly secrets: string[] = [token];
  constructor(folder: string) {
    this.folder = folder;
  }

  get flags(): readonly string[] {
    const at = (flag: string): string => `--${flag}=${join(this.folder, flag)}`;
    return [at("auth-file"), at("peer-secret-file"), "--log-level=debug"];
  }

  async write(): Promise<void> {
    const sha256 = createHash("sha256").update(token).digest("hex");
    const tokens = [{ name: "test", sha256, scopes: ["read", "write", "admin"] }];
    await this.#put("auth-file", JSON.stringify({ tokens }));
  }

  async share(...secrets: readonly string[]): Promise<void> {
    this.secrets.push(...secrets);
    await this.#put("peer-secret-file", `${secrets.join("\n")}\n`);
  }

  #put(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text, { mode: 0o600 });
  }
}

async function withFiles(test: (files: Files) => Promise<void>): Promise<void> {
  const files = new Files(await mkdtemp(join(tmpdir(), "counter-security-")));
  try {
    await files.write();
    await test(files);
  } finally {
    await rm(files.folder, { recursive: true, force: true });
  }
}

function requireNoSecrets(cluster: Cluster, { secrets }: Files): void {
  const logs = cluster.nodes.flatMap(({ lines }) => lines).join("\n");
  for (const secret of secrets) expect(logs.includes(secret)).toBe(false);
}

/** Has every node read its files again, and waits until it has. */
async function reread(nodes: readonly ClusterNode[]): Promise<void> {
  for (const node of nodes) {
    const times = (): number =>
      node.lines.filter((line) => line.includes("peer secrets were read again")).length;
    const before = times();
    node.process.signal("SIGHUP");
    await until(`${node.address} has read its files again`, () => times() > before);
  }
}

/** Old, then old and new, then new and old, then new: as the runbook has it. */
async function rotate(
  files: Files,
  nodes: readonly ClusterNode[],
  check: () => Promise<void>,
): Promise<void> {
  const [old, fresh] = [files.secrets.at(-1)!, secretOf()];
  for (const secrets of [[old, fresh], [fresh, old], [fresh]]) {
    await files.share(...secrets);
    for (const node of nodes) {
      await reread([node]);
      await check(); // also while some have read it, and others have not
    }
  }
}

test("in raft mode secrets are changed under writes, and none of them is in a log", () =>
  withFiles(async (files) => {
    await files.share(secretOf());
    await withCluster({ flags: files.flags }, async (cluster) => {
      await cluster.start();
      let last = 0;
      const count = async (): Promise<void> => {
        for (const node of cluster.nodes) {
          const number = await node.next(headers);
          expect(number).toBe(last + 1);
          last = number;
        }
      };
      await count();
      await rotate(files, cluster.nodes, count);
      for (const node of cluster.nodes) {
        await node.terminate();
        node.start();
        await node.ready();
      }
      await count();
      const [one] = cluster.nodes as [ClusterNode];
      expect((await one.post("/next")).status).toBe(401);
      requireNoSecrets(cluster, files);
    });
  }));

test("in eventual mode secrets are changed under writes, and none of them is in a log", () =>
  withFiles(async (files) => {
    await files.share(secretOf());
    await withEventual({ flags: files.flags }, async (cluster) => {
      await cluster.start();
      const count = async (): Promise<void> => {
        for (const node of cluster.nodes) {
          await until(`${node.address} reaches all`, async () => {
            const path = "/increment?ack=all";
            return (await node.post(path, { headers, timeoutMs: 6000 })).status === 200;
          });
        }
      };
      await count();
      await rotate(files, cluster.nodes, count);
      requireNoSecrets(cluster, files);
    });
  }));

test("a node with another secret is not taken in, and is told why", () =>
  withFiles((files) =>
    withFiles(async (others) => {
      await files.share(secretOf());
      await others.share(secretOf());
      await withCluster({ nodes: 1, flags: files.flags }, async (cluster) => {
        await cluster.start();
        const stranger = await cluster.further(cluster.nodes, ...others.flags);
        stranger.start();
        await stranger.process.logged(/does not believe us: compare the --peer-secret-file/);
        const [one] = cluster.nodes as [ClusterNode];
        const reply = await one.get("/v1/cluster/members", { headers });
        expect((JSON.parse(reply.text) as { members: unknown[] }).members).toHaveLength(1);
        requireNoSecrets(cluster, files);
        requireNoSecrets(cluster, others);
      });
    }),
  ));
