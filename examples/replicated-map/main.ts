// A replicated map: a state machine of your own on @counter/raft, with compare-and-set, snapshots,
// and a fourth server that is brought up to date by one.
import { MemoryNetwork, MemoryStorage, RaftNode, refuse } from "@counter/raft";
import type { Answer, CommittedCommand, RaftNodeOptions, StateMachine } from "@counter/raft";

/** `expected`: only if this is the value by now; `null` stands for "no value". */
interface Put {
  readonly key: string;
  readonly value: string;
  readonly expected?: string | null;
}

const encode = (put: Put): Uint8Array => new TextEncoder().encode(JSON.stringify(put));

/** Every server must come to the same verdict about these bytes, so `null` is one, not an exception. */
function decode(data: Uint8Array): Put | null {
  try {
    const put = JSON.parse(new TextDecoder().decode(data)) as Partial<Put> | null;
    if (typeof put?.key !== "string" || typeof put.value !== "string") return null;
    return { ...put, key: put.key, value: put.value };
  } catch {
    return null;
  }
}

class ReplicatedMap implements StateMachine<string> {
  readonly #values = new Map<string, string>();

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  get size(): number {
    return this.#values.size;
  }

  /** Nothing but the command and the state decides: no clock, no die, no settings of this server. */
  apply(commands: readonly CommittedCommand[]): readonly Answer<string>[] {
    return commands.map(({ data }) => {
      const put = decode(data);
      if (put === null) return refuse("this is not a command of the map");
      const now = this.get(put.key);
      if (put.expected !== undefined && put.expected !== now) return refuse(`it is ${now}`);
      this.#values.set(put.key, put.value);
      return put.value;
    });
  }

  /** Captures references at once; the bytes are made while the map goes on. */
  snapshot(): Iterable<Uint8Array> {
    return lines([...this.#values]);
  }

  /** Chunks come cut anywhere: a line is taken in as soon as it is complete. */
  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#values.clear();
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of chunks) {
      const complete = (text + decoder.decode(chunk, { stream: true })).split("\n");
      text = complete.pop() ?? "";
      for (const line of complete) {
        const [key, value] = JSON.parse(line) as [string, string];
        this.#values.set(key, value);
      }
    }
  }
}

function* lines(entries: readonly (readonly [string, string])[]): Iterable<Uint8Array> {
  const encoder = new TextEncoder();
  for (const entry of entries) yield encoder.encode(`${JSON.stringify(entry)}\n`);
}

const network = new MemoryNetwork();

async function start(id: string, members: RaftNodeOptions<string>["members"]) {
  const map = new ReplicatedMap();
  const node = await RaftNode.start({
    ...{ id, members, stateMachine: map, storage: new MemoryStorage() },
    transport: network.transport(id),
    snapshots: { everyEntries: 10, retainEntries: 0 }, // far too often, to see one here
  });
  return { id, map, node };
}

const members = ["a", "b", "c"].map((id) => ({ id, address: id }));
const servers = await Promise.all(members.map(({ id }) => start(id, members)));
const leaderId = await servers[0]?.node.waitForLeader();
const leader = servers.find(({ id }) => id === leaderId);
if (leader === undefined) throw new Error("the leader is one of the three");

// A put is answered when a majority has it; a linearizable read shows it on every server.
await leader.node.propose(encode({ key: "colour", value: "green" }));
const colours = servers.map(({ map, node }) => node.read(() => map.get("colour")));
console.log("colour:", await Promise.all(colours));

// Two writers saw "green". One of them is told that it is too late, by every server alike.
await leader.node.propose(encode({ key: "colour", value: "red", expected: "green" }));
const late = leader.node.propose(encode({ key: "colour", value: "blue", expected: "green" }));
await late.catch((error: unknown) => console.log(String(error)));

// By now the first entries are gone: who comes new needs the snapshot.
for (let at = 0; at < 50; at += 1) {
  await leader.node.propose(encode({ key: `key-${at}`, value: String(at) }));
}
const newcomer = await start("d", "join");
const events = newcomer.node.events();
await leader.node.changeMembership([
  { type: "addLearner", member: { id: "d", address: "d" }, promote: true },
]);
for await (const { type } of events) if (type === "snapshotInstalled") break;
const seen = await newcomer.node.read(() => [newcomer.map.size, newcomer.map.get("colour")]);
console.log("the newcomer has a snapshot, and reads", seen);

await Promise.all([...servers, newcomer].map(({ node }) => node.stop()));
