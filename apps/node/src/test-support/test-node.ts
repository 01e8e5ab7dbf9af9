/** Real nodes for tests: real files in a temporary directory, real sockets on a free port. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsOptions } from "node:tls";

import { readConfig } from "../config/config.ts";
import type { RaftConfig } from "../config/node-config.ts";
import { startRaftNode } from "../raft-node.ts";
import type { RunningNode } from "../process/running.ts";
import { describedServer, requireDescribed } from "./described-server.ts";
import { logTo } from "./log-lines.ts";

export interface TestNode {
  readonly url: string;
  readonly address: string;
  readonly config: RaftConfig;
  readonly node: RunningNode;
  /** What it has logged, the newest last. */
  readonly lines: readonly string[];
}

/** Shorter than in life, so that tests do not wait for elections. */
const loneTickMs = 2;
const clusterTickMs = 10;

function isAlone({ peers, join }: RaftConfig): boolean {
  return peers.length === 0 && join.length === 0;
}

/** A server on a free port, so that the port is ours before the node needs to know it. */
export async function listenAnywhere(
  tls: TlsOptions | null = null,
): Promise<{ server: Server; port: number }> {
  const server = describedServer(tls).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return { server, port: address.port };
}

export async function configOf(...args: readonly string[]): Promise<RaftConfig> {
  const result = await readConfig(args, {});
  if (result.kind !== "config" || result.config.mode !== "raft")
    throw new Error(JSON.stringify(result));
  return result.config;
}

/** Directories and nodes of one test; `end` removes them all. */
export class TestNodes {
  readonly #directories: string[] = [];
  readonly #nodes: RunningNode[] = [];

  async directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "counter-node-"));
    this.#directories.push(directory);
    return directory;
  }

  /** A cluster of one, ready. */
  async single(...args: readonly string[]): Promise<TestNode> {
    const listening = await listenAnywhere();
    const started = await this.start(listening, await this.directory(), args);
    await started.node.ready;
    return started;
  }

  /** A cluster of one that others are going to join, ready. */
  async seed(...args: readonly string[]): Promise<TestNode> {
    const listening = await listenAnywhere();
    const started = await this.start(listening, await this.directory(), args, clusterTickMs);
    await started.node.ready;
    return started;
  }

  /** A node that joins the cluster of another one; not necessarily a member yet. */
  async joiner(seed: TestNode, ...args: readonly string[]): Promise<TestNode> {
    const join = `--join=${seed.config.port}`;
    return this.start(await listenAnywhere(), await this.directory(), [join, ...args]);
  }

  /** The same node again, on the directory and the port that it had. */
  again({ config }: TestNode, ...args: readonly string[]): Promise<TestNode> {
    const listening = { server: describedServer(), port: config.port };
    return this.start(listening, config.dataDir, args, clusterTickMs);
  }

  /** Three nodes that know of each other; not necessarily ready yet. */
  async three(...args: readonly string[]): Promise<TestNode[]> {
    return this.threeAt(null, ...args);
  }

  /** The same over TLS, where there are options for it. */
  async threeAt(tls: TlsOptions | null, ...args: readonly string[]): Promise<TestNode[]> {
    const listening = await Promise.all([1, 2, 3].map(() => listenAnywhere(tls)));
    const peers = `--peers=${listening.map(({ port }) => port).join(",")}`;
    return Promise.all(
      listening.map(async (server) => this.start(server, await this.directory(), [peers, ...args])),
    );
  }

  async start(
    { server, port }: { readonly server: Server; readonly port: number },
    directory: string,
    args: readonly string[] = [],
    tickMs?: number,
  ): Promise<TestNode> {
    const gossip = args.some((arg) => arg.startsWith("--gossip-port="))
      ? []
      : ["--gossip-port=off"];
    const fixed = [`--port=${port}`, `--data-dir=${directory}`, ...gossip];
    const config = await configOf(...fixed, ...args);
    const lines: string[] = [];
    const log = logTo(lines);
    const logContext = { term: null };
    const node = await startRaftNode({
      config,
      log,
      logContext,
      version: "0.0.0-test",
      server,
      tickMs: tickMs ?? (isAlone(config) ? loneTickMs : clusterTickMs),
    });
    this.#nodes.push(node);
    const scheme = config.tls === null ? "http" : "https";
    const url = `${scheme}://127.0.0.1:${port}`;
    return { url, address: config.address, config, node, lines };
  }

  async end(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.stop()));
    const directories = this.#directories.splice(0);
    await Promise.all(
      directories.map((path) => rm(path, { recursive: true, force: true, maxRetries: 5 })),
    );
    requireDescribed();
  }
}
