// A storage of your own under the laws of the port, and then under a server.
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryNetwork, RaftNode, storageLaws } from "@counter/raft";
import type { CommittedCommand, StateMachine } from "@counter/raft";
import { JournalStorage } from "./journal-storage.ts";

const root = await mkdtemp(join(tmpdir(), "own-storage-"));

// In a project of yours these are tests: it.each(storageLaws)("$name", …)
for (const law of storageLaws) {
  const directory = await mkdtemp(join(root, "law-"));
  await law.check(() => Promise.resolve(new JournalStorage(directory)));
}
console.log(storageLaws.length, "laws are kept");

class Sum implements StateMachine<number> {
  value = 0;

  apply(commands: readonly CommittedCommand[]): readonly number[] {
    return commands.map(({ data }) => (this.value += data[0] ?? 0));
  }

  snapshot(): readonly Uint8Array[] {
    return [new TextEncoder().encode(String(this.value))];
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = "";
    for await (const chunk of chunks) text += new TextDecoder().decode(chunk);
    this.value = Number(text);
  }
}

const directory = await mkdtemp(join(root, "server-"));
const members = [{ id: "a", address: "a" }];

/** Starts the server on its directory, adds, and ends it. */
async function addOnce(times: number): Promise<number> {
  const stateMachine = new Sum();
  const storage = new JournalStorage(directory);
  const transport = new MemoryNetwork().transport("a");
  const snapshots = { everyEntries: 8, retainEntries: 2 };
  const options = { id: "a", members, stateMachine, storage, transport, snapshots };
  const node = await RaftNode.start(options);
  await node.waitForLeader();
  for (let at = 0; at < times; at += 1) await node.propose(Uint8Array.of(1));
  const value = await node.read(() => stateMachine.value);
  await node.stop();
  return value;
}

console.log("counted to", await addOnce(20));

// A crash in the middle of a write: half a line that nobody was told of.
await appendFile(join(directory, "log.jsonl"), '{"entries":[{"index":9');
console.log("after a crash, counted on to", await addOnce(5));
await rm(root, { recursive: true });
