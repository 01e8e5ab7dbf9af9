// A lock for a job that must not run twice at once, with fencing tokens. No lock alone can promise
// that: its holder may be paused for any time and then go on. So every grant has a larger token than
// the one before, and the resource that the job writes to refuses tokens older than it has seen.
import { MemoryNetwork, MemoryStorage, RaftNode, refuse } from "@counter/raft";
import type { Answer, CommittedCommand, StateMachine } from "@counter/raft";

/** `beats` grows while the holder lives. Who sees it stand still for long enough may take over. */
interface Grant {
  readonly holder: string;
  readonly token: number;
  readonly beats: number;
}

type Command =
  | { readonly type: "acquire"; readonly holder: string }
  | { readonly type: "beat"; readonly token: number }
  | { readonly type: "takeOver"; readonly holder: string; readonly seen: Grant };

/**
 * The lock. It has no clock: how long is long enough is measured by who waits, and all that the
 * machine decides is whether the grant is still the one that was watched.
 */
class Lock implements StateMachine<Grant> {
  #grant: Grant | null = null;

  get grant(): Grant | null {
    return this.#grant;
  }

  apply(commands: readonly CommittedCommand[]): readonly Answer<Grant>[] {
    return commands.map(({ data }) => this.#applyOne(decode(data)));
  }

  #applyOne(command: Command): Answer<Grant> {
    const now = this.#grant;
    switch (command.type) {
      case "acquire":
        if (now !== null) return refuse(`held by ${now.holder}`);
        return (this.#grant = { holder: command.holder, token: 1, beats: 0 });
      case "beat":
        if (now?.token !== command.token) return refuse("the lock was lost");
        return (this.#grant = { ...now, beats: now.beats + 1 });
      case "takeOver": {
        const { holder, seen } = command;
        const unchanged = now?.token === seen.token && now.beats === seen.beats;
        if (!unchanged) return refuse("its holder lives, or another one was faster");
        return (this.#grant = { holder, token: now.token + 1, beats: 0 });
      }
    }
  }

  snapshot(): Iterable<Uint8Array> {
    return [new TextEncoder().encode(JSON.stringify(this.#grant))];
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
    this.#grant = JSON.parse(text) as Grant | null;
  }
}

const encode = (command: Command): Uint8Array => new TextEncoder().encode(JSON.stringify(command));
const decode = (data: Uint8Array): Command => JSON.parse(new TextDecoder().decode(data)) as Command;

/** What the job writes to. One comparison makes it safe: in SQL, `WHERE token <= $1`. */
class Resource {
  readonly lines: string[] = [];
  #newestToken = 0;

  write(token: number, line: string): void {
    if (token < this.#newestToken) {
      throw new Error(`fenced: token ${token}, but ${this.#newestToken} was here`);
    }
    this.#newestToken = token;
    this.lines.push(`${line} (token ${token})`);
  }
}

/** One worker beside its server. It proposes where the leader is; here all are in one process. */
class Worker {
  readonly #name: string;
  readonly #propose: (command: Command) => Promise<Grant>;

  constructor(name: string, propose: (command: Command) => Promise<Grant>) {
    this.#name = name;
    this.#propose = propose;
  }

  acquire = (): Promise<Grant> => this.#propose({ type: "acquire", holder: this.#name });
  beat = ({ token }: Grant): Promise<Grant> => this.#propose({ type: "beat", token });

  /** Takes over once the grant has not changed for `patienceMs` of this worker's own time. */
  async takeOver(read: () => Promise<Grant | null>, patienceMs: number): Promise<Grant> {
    for (;;) {
      const seen = await read();
      if (seen === null) return this.acquire();
      await new Promise((resolve) => setTimeout(resolve, patienceMs));
      const now = await read();
      if (now?.token !== seen.token || now.beats !== seen.beats) continue;
      return this.#propose({ type: "takeOver", holder: this.#name, seen });
    }
  }
}

const network = new MemoryNetwork();
const members = ["a", "b", "c"].map((id) => ({ id, address: id }));
const servers = await Promise.all(
  members.map(async ({ id }) => {
    const lock = new Lock();
    const ports = { storage: new MemoryStorage(), transport: network.transport(id) };
    return { id, lock, node: await RaftNode.start({ id, members, stateMachine: lock, ...ports }) };
  }),
);
const leaderId = await servers[0]?.node.waitForLeader();
const leader = servers.find(({ id }) => id === leaderId);
if (leader === undefined) throw new Error("the leader is one of the three");
const propose = async (command: Command): Promise<Grant> =>
  (await leader.node.propose(encode(command))).result;
const read = (): Promise<Grant | null> => leader.node.read(() => leader.lock.grant);

const report = new Resource();
const ann = new Worker("ann", propose);
const bob = new Worker("bob", propose);

const first = await ann.acquire();
report.write(first.token, "ann begins");
await ann.beat(first);
await bob.acquire().catch((error: unknown) => console.log(String(error)));

// Ann's process stands still: no beats. Bob waits, takes over, and works.
const second = await bob.takeOver(read, 200);
report.write(second.token, "bob begins again");

// Ann goes on where she was, and still believes to hold the lock.
try {
  report.write(first.token, "ann ends");
} catch (error) {
  console.log(String(error));
}
await ann.beat(first).catch((error: unknown) => console.log(String(error)));
console.log(report.lines);
await Promise.all(servers.map(({ node }) => node.stop()));
