/** A cluster of real processes with data directories of their own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";

import { ClusterNode } from "./cluster-node.ts";
import { Links } from "./links.ts";
import { Load, type LoadOptions } from "./load.ts";
import { freePorts } from "./ports.ts";
import { watchFolder } from "./reaper.ts";
import { until, within } from "./until.ts";

export interface ClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Given to every node. */
  readonly flags?: readonly string[];
  /** The nodes find each other: `--bootstrap-expect` with this number; each is told of the next one. */
  readonly expect?: number;
  /** Whether the links between the nodes can be cut; default false. */
  readonly links?: boolean;
  /** Longest life of the cluster in milliseconds; default 100 s, below jest's own limit. */
  readonly deadlineMs?: number;
}

/** How many of the newest lines of each node are shown when a test fails. */
const linesShown = 60;

export class Cluster {
  readonly nodes: ClusterNode[];
  readonly folder: string;
  /** Only with the option `links`. */
  readonly links: Links = new Links();
  readonly #loads: Load[] = [];
  /** Of nodes whose place another one has taken. */
  readonly #former: ClusterNode[] = [];

  private constructor(nodes: ClusterNode[], folder: string) {
    this.nodes = nodes;
    this.folder = folder;
  }

  /** Nothing is started yet. */
  static async create(options: ClusterOptions): Promise<Cluster> {
    const { nodes = 3, flags = [], links = false, expect } = options;
    const folder = await mkdtemp(joinPath(tmpdir(), "counter-e2e-"));
    watchFolder(folder);
    const ports = await freePorts(nodes);
    const known = links ? await freePorts(nodes) : ports;
    const members = ports.map((port, place) => {
      const advertise = known[place]!;
      const peers = known.filter((other) => other !== advertise);
      const dataDir = joinPath(folder, `node-${port}`);
      if (expect === undefined) return new ClusterNode({ port, advertise, peers, dataDir, flags });
      const join = [known[(place + 1) % nodes]!];
      const found = [`--bootstrap-expect=${expect}`, ...flags];
      return new ClusterNode({ port, advertise, peers: [], join, dataDir, flags: found });
    });
    const cluster = new Cluster(members, folder);
    if (links) {
      await Promise.all(ports.map((port, place) => cluster.links.open(known[place]!, port)));
    }
    return cluster;
  }

  /** A further node, which joins the cluster of these as soon as it is started. */
  async joiner(...seeds: readonly ClusterNode[]): Promise<ClusterNode> {
    return this.further(seeds);
  }

  /** A further node that is told of these, with its own flags. */
  async further(seeds: readonly ClusterNode[], ...flags: readonly string[]): Promise<ClusterNode> {
    const [port] = await freePorts(1);
    const node = this.#joinerAt(port!, seeds, flags);
    this.nodes.push(node);
    return node;
  }

  /** A new node with an empty disk in the place of one that does not run any more. */
  successor(former: ClusterNode, ...seeds: readonly ClusterNode[]): ClusterNode {
    if (former.running) throw new Error(`${former.address} is running`);
    const node = this.#joinerAt(former.port, seeds);
    this.nodes.splice(this.nodes.indexOf(former), 1, node);
    this.#former.push(former);
    return node;
  }

  /** The same node with its data directory, at another port; it does not run any more where it was. */
  async moved(former: ClusterNode): Promise<ClusterNode> {
    if (former.running) throw new Error(`${former.address} is running`);
    const [port] = await freePorts(1);
    const node = new ClusterNode({ port: port!, peers: [], dataDir: former.dataDir, flags: [] });
    this.nodes.splice(this.nodes.indexOf(former), 1, node);
    this.#former.push(former);
    return node;
  }

  #joinerAt(
    port: number,
    seeds: readonly ClusterNode[],
    flags: readonly string[] = [],
  ): ClusterNode {
    const join = seeds.map((seed) => seed.port);
    const dataDir = joinPath(this.folder, `joiner-${port}-${this.#former.length}`);
    return new ClusterNode({ port, peers: [], join, dataDir, flags });
  }

  /** Resolves when all that run agree that these are the voters, and that nobody else takes part. */
  async haveVoters(...voters: readonly ClusterNode[]): Promise<void> {
    const wanted = voters.map(({ address }) => address).sort();
    await until(`the voters are ${wanted.join(", ")}`, async () => {
      const views = await Promise.all(this.running.map((node) => node.members()));
      return views.every((view) => {
        const found = view.map(({ address, role }) => (role === "voter" ? address : null)).sort();
        return JSON.stringify(found) === JSON.stringify(wanted);
      });
    });
  }

  get running(): readonly ClusterNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** Starts all that do not run, and waits until every one of them is ready. */
  async start(): Promise<void> {
    for (const node of this.nodes) if (!node.running) node.start();
    await this.ready();
  }

  /** Resolves when all that run are ready. */
  async ready(withinMs?: number): Promise<void> {
    await Promise.all(this.running.map((node) => node.ready(withinMs)));
  }

  /** The node that leads in the newest term, as soon as there is one. */
  async leader(): Promise<ClusterNode> {
    return until("a node leads", async () => {
      const seen = await Promise.allSettled(
        this.running.map(async (node) => ({ node, ...(await node.status()) })),
      );
      const known = seen.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const newest = Math.max(...known.map(({ term }) => term));
      return known.find(({ term, state }) => term === newest && state === "Leader")?.node ?? null;
    });
  }

  /** All that run, except the leader. */
  async followers(): Promise<readonly ClusterNode[]> {
    const leader = await this.leader();
    return this.running.filter((node) => node !== leader);
  }

  /** Starts these, and resolves with the time at which the last of them answered anything at all. */
  async back(nodes: readonly ClusterNode[]): Promise<number> {
    for (const node of nodes) node.start();
    await Promise.all(nodes.map((node) => node.answers()));
    return performance.now();
  }

  /** The counter as every running node tells it, all asked at the same time. */
  values(): Promise<readonly number[]> {
    return Promise.all(this.running.map((node) => node.value()));
  }

  /** Clients that ask all nodes, also those that do not run; they end with the cluster at last. */
  load(options: Omit<LoadOptions, "ports">): Load {
    const load = new Load({ ...options, ports: this.nodes.map(({ port }) => port) });
    this.#loads.push(load);
    return load.start();
  }

  /** Cuts this node off from all others; clients still reach it. `links.heal()` ends that. */
  isolate(node: ClusterNode): void {
    const others = this.nodes.filter((other) => other !== node);
    this.links.cut(
      [node.address],
      others.map(({ address }) => address),
    );
  }

  /** The newest lines of every node, for people. */
  logs(): string {
    const parts = [...this.#former, ...this.nodes].map((node) => {
      return [`--- ${node.address}`, ...node.lines.slice(-linesShown)].join("\n");
    });
    return parts.join("\n");
  }

  /** Kills what runs and removes everything. */
  async end(): Promise<void> {
    await Promise.all(this.running.map((node) => node.kill()));
    await Promise.all(this.#loads.map((load) => load.abandon()));
    await this.links.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Lends a cluster to a test. It is removed in any case; if the test fails, the logs are shown. */
export async function withCluster(
  options: ClusterOptions,
  test: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const cluster = await Cluster.create(options);
  try {
    await within("the test ends", options.deadlineMs ?? 280_000, test(cluster));
  } catch (error) {
    console.error(cluster.logs());
    throw error;
  } finally {
    await cluster.end();
  }
}
