/** Agents of Serf as child processes on loopback, and the commands that ask them. */
import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether there is a `serf` to be run. */
export function hasSerf(): boolean {
  return spawnSync("serf", ["version"]).error === undefined;
}

/** A line of `serf members`. */
export interface ListedMember {
  readonly name: string;
  readonly addr: string;
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

export class Agent {
  readonly #process: ChildProcess;
  readonly #rpc: string;
  readonly address: string;
  #log: string = "";

  private constructor(process: ChildProcess, { address, rpc }: { address: string; rpc: string }) {
    this.#process = process;
    this.address = address;
    this.#rpc = rpc;
    const keep = (chunk: Buffer): void => {
      this.#log += chunk.toString();
    };
    process.stdout?.on("data", keep);
    process.stderr?.on("data", keep);
  }

  static async start(name: string, args: readonly string[] = []): Promise<Agent> {
    const address = `127.0.0.1:${await freePort()}`;
    const rpc = `127.0.0.1:${await freePort()}`;
    const child = spawn("serf", [
      "agent",
      ...[`-node=${name}`, `-bind=${address}`, `-rpc-addr=${rpc}`],
      ...["-profile=local", "-log-level=debug", "-tag=role=agent", ...args],
    ]);
    const agent = new Agent(child, { address, rpc });
    await until(() => agent.log.includes("Serf agent running!"), `agent ${name}`);
    // What is printed is not yet what answers.
    await until(() => agent.command("info").then(Boolean, () => false), `commands of ${name}`);
    return agent;
  }

  /** All that the agent has logged. */
  get log(): string {
    return this.#log;
  }

  /** What a command of `serf` prints. */
  async command(name: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run("serf", [name, `-rpc-addr=${this.#rpc}`, ...args]);
    return stdout;
  }

  async members(): Promise<readonly ListedMember[]> {
    const { members } = JSON.parse(await this.command("members", "-format=json")) as {
      members: ListedMember[];
    };
    return members;
  }

  async member(name: string): Promise<ListedMember | undefined> {
    return (await this.members()).find((member) => member.name === name);
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}

/** Waits until something holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs: number = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A port that is free for TCP and UDP at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = createSocket("udp4");
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  await Promise.all([
    new Promise((resolve) => server.close(resolve)),
    new Promise<void>((resolve) => socket.close(() => resolve())),
  ]);
  return port;
}
