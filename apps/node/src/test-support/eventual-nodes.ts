/** Real nodes in eventual mode for tests: real files in a temporary directory, real sockets. */
import type { Server } from "node:http";

import { readConfig } from "../config/config.ts";
import type { EventualConfig } from "../config/node-config.ts";
import { startEventualNode } from "../eventual-node.ts";
import type { RunningNode } from "../process/running.ts";
import { describedServer, requireDescribed } from "./described-server.ts";
import { logTo } from "./log-lines.ts";
import { newFolder } from "./stored-node.ts";
import { listenAnywhere } from "./test-node.ts";

export interface EventualTestNode {
  readonly url: string;
  readonly config: EventualConfig;
  readonly node: RunningNode;
  /** What it has logged, the newest last. */
  readonly lines: readonly string[];
}

/** Shorter than in life, so that tests do not wait for what goes by ticks. */
const tickMs = 10;
const quick = ["--heartbeat=100ms", "--anti-entropy=100ms", "--resume-wait=200ms"];
const usual = [...quick, "--gossip-port=off"];

export async function eventualConfigOf(...args: readonly string[]): Promise<EventualConfig> {
  const result = await readConfig(["--mode=eventual", ...args], {});
  if (result.kind !== "config" || result.config.mode !== "eventual") {
    throw new Error(JSON.stringify(result));
  }
  return result.config;
}

type Listening = Awaited<ReturnType<typeof listenAnywhere>>;

/** The nodes of one test; `end` stops them all. */
export class EventualNodes {
  readonly #nodes: RunningNode[] = [];

  /** A node that knows nobody, ready. */
  async single(...args: readonly string[]): Promise<EventualTestNode> {
    const started = await this.start(await listenAnywhere(), await newFolder(), args);
    await started.node.ready;
    return started;
  }

  /** Nodes that know of each other, ready. */
  async mesh(count: number, ...args: readonly string[]): Promise<EventualTestNode[]> {
    const listening = await Promise.all(Array.from({ length: count }, () => listenAnywhere()));
    const peers = `--peers=${listening.map(({ port }) => port).join(",")}`;
    const started = await Promise.all(
      listening.map(async (at) => this.start(at, await newFolder(), [peers, ...args])),
    );
    await Promise.all(started.map(({ node }) => node.ready));
    return started;
  }

  /** The same node again, on the directory and the port that it had. */
  again({ config }: EventualTestNode, ...args: readonly string[]): Promise<EventualTestNode> {
    return this.start({ server: describedServer(), port: config.port }, config.dataDir, args);
  }

  async start(
    { server, port }: Listening | { readonly server: Server; readonly port: number },
    directory: string,
    args: readonly string[] = [],
  ): Promise<EventualTestNode> {
    const fixed = [`--port=${port}`, `--data-dir=${directory}`, ...usual];
    const chosen = new Map([...fixed, ...args].map((arg) => [arg.slice(0, arg.indexOf("=")), arg]));
    const config = await eventualConfigOf(...chosen.values());
    const lines: string[] = [];
    const log = logTo(lines);
    const logContext = { term: null };
    const version = "0.0.0-test";
    const node = await startEventualNode({ config, log, logContext, version, server, tickMs });
    this.#nodes.push(node);
    return { url: `http://127.0.0.1:${port}`, config, node, lines };
  }

  async end(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.stop()));
    requireDescribed();
  }
}
