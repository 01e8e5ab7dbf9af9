/** One member of a cluster under test, over all the processes that it will have been. */
import { z } from "zod";

import { exchange, type Call, type Reply } from "./http.ts";
import { ServerProcess, type Exit } from "./server-process.ts";
import { until } from "./until.ts";

const statusSchema = z.object({
  state: z.enum(["Leader", "Follower", "Candidate", "Shutdown"]),
  term: z.number(),
  lastIndex: z.number(),
  commitIndex: z.number(),
  appliedIndex: z.number(),
  leader: z.object({ nodeID: z.string() }),
  startedInMs: z.number().nullable(),
});

export type NodeStatus = z.infer<typeof statusSchema>;

const memberSchema = z.object({
  id: z.string(),
  address: z.string(),
  role: z.enum(["voter", "learner", "leaving"]),
  joining: z.boolean(),
});
const membersSchema = z.object({ members: z.array(memberSchema) });

export type MemberView = z.infer<typeof memberSchema>;

const counterSchema = z.object({ counter: z.number() });

export interface ClusterNodeOptions {
  /** Where it listens. */
  readonly port: number;
  /** Where the others reach it, if not there. */
  readonly advertise?: number;
  readonly peers: readonly number[];
  /** Whose cluster it joins; default none. */
  readonly join?: readonly number[];
  readonly dataDir: string;
  readonly flags: readonly string[];
}

export class ClusterNode {
  readonly port: number;
  /** Under which the others know it. */
  readonly address: string;
  readonly dataDir: string;
  readonly #flags: readonly string[];
  readonly #processes: ServerProcess[] = [];

  constructor(options: ClusterNodeOptions) {
    const { port, advertise = port, peers, join = [], dataDir, flags } = options;
    this.port = port;
    this.address = `127.0.0.1:${advertise}`;
    this.dataDir = dataDir;
    const own = advertise === port ? [] : [`--advertise=${this.address}`];
    const others = peers.length > 0 ? [`--peers=${peers.join(",")}`] : [];
    const seeds = join.length > 0 ? [`--join=${join.join(",")}`] : [];
    const named = [`--port=${port}`, ...own, ...others, ...seeds];
    this.#flags = [...named, `--data-dir=${dataDir}`, ...flags];
  }

  /** The process that was started last. */
  get process(): ServerProcess {
    const last = this.#processes.at(-1);
    if (last === undefined) throw new Error(`${this.address} was never started`);
    return last;
  }

  get running(): boolean {
    return this.#processes.at(-1)?.running ?? false;
  }

  /** What all processes of this member have logged. */
  get lines(): readonly string[] {
    return this.#processes.flatMap((run) => [`- process ${run.pid}`, ...run.lines]);
  }

  /** Starts a process, and does not wait for anything. Further flags win over the first ones. */
  start(...flags: readonly string[]): ServerProcess {
    if (this.running) throw new Error(`${this.address} is running`);
    const run = new ServerProcess([...this.#flags, ...flags]);
    this.#processes.push(run);
    return run;
  }

  async kill(): Promise<void> {
    this.process.signal("SIGKILL");
    await this.process.end();
  }

  /** Asks it to stop, and tells how and how fast it did. */
  async terminate(): Promise<Exit & { readonly tookMs: number }> {
    const asked = performance.now();
    this.process.signal("SIGTERM");
    const exit = await this.process.end();
    return { ...exit, tookMs: performance.now() - asked };
  }

  call(method: string, path: string, more: Partial<Call> = {}): Promise<Reply> {
    return exchange({ ...more, port: this.port, method, path });
  }

  get(path: string, more: Partial<Call> = {}): Promise<Reply> {
    return this.call("GET", path, more);
  }

  post(path: string, more: Partial<Call> = {}): Promise<Reply> {
    return this.call("POST", path, more);
  }

  /** The next number. @throws Error with the reply if there is none */
  async next(headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const reply = await this.post("/next", { headers });
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    return Number(reply.text);
  }

  /** The counter. @throws Error with the reply if it is not known */
  async value(consistency: "linearizable" | "local" = "linearizable"): Promise<number> {
    const reply = await this.get(`/get?consistency=${consistency}`);
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    return counterSchema.parse(JSON.parse(reply.text)).counter;
  }

  /** Who takes part, as this node knows it. @throws Error with the reply if it does not */
  async members(): Promise<readonly MemberView[]> {
    const reply = await this.get("/v1/cluster/members", { timeoutMs: 1000 });
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    return membersSchema.parse(JSON.parse(reply.text)).members;
  }

  async status(): Promise<NodeStatus> {
    const reply = await this.get("/status", { timeoutMs: 1000 });
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    return statusSchema.parse(JSON.parse(reply.text));
  }

  /** Resolves when a majority has answered this node. */
  async ready(withinMs?: number): Promise<void> {
    const probe = async (): Promise<boolean> => {
      if (!this.running) throw new Error("its process has ended");
      return (await this.get("/readyz", { timeoutMs: 1000 })).status === 200;
    };
    await until(`${this.address} is ready`, probe, withinMs);
  }

  /** Resolves when the process answers at all. */
  async answers(): Promise<void> {
    await until(`${this.address} answers`, async () => {
      return (await this.get("/livez", { timeoutMs: 1000 })).status === 200;
    });
  }
}
