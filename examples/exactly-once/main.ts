// Counting exactly once without a leader: @counter/eventual as a library, on real files. A ticket
// office goes on selling while it is cut off, crashes, and is asked again for what it had sold.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventualNode, MemoryNetwork } from "@counter/eventual";
import { openFileJournal } from "@counter/storage-file";

const network = new MemoryNetwork(); // across machines: HttpReplicaTransport of @counter/transport-http
const addresses = ["north", "south", "west"];
const directory = await mkdtemp(join(tmpdir(), "tickets-"));
/** The id of a node belongs to its journal: it is made once, and kept beside it. */
const ids = new Map(addresses.map((address) => [address, randomBytes(16).toString("hex")]));

async function open(address: string): Promise<EventualNode> {
  return EventualNode.start({
    node: ids.get(address) ?? "",
    address,
    label: `office ${address}`,
    peers: addresses.filter((other) => other !== address),
    cluster: { id: "tickets", fixed: true },
    journal: await openFileJournal(join(directory, address)),
    transport: network.transport(address),
    timing: { exchangeMs: 1000, heartbeatMs: 250 }, // here nobody is far: do not wait long for who is cut off
  });
}

const [north, south, west] = await Promise.all([open("north"), open("south"), open("west")]);
await Promise.all([north, south, west].map((node) => node.ready));
const sold = (node: EventualNode): string => String(node.value("sold"));

// Order 1 is acknowledged when all three disks have it; `majority` would do as well.
await north.add({ counter: "sold", delta: 2n, key: "order-1" }, { acks: "all" });

// The west is cut off, and sells all the same: its own disk has it, so it will count.
network.split(["west"], ["north", "south"]);
await west.add({ counter: "sold", delta: 5n, key: "order-2" });
console.log("cut off, the west says", sold(west));

// The client of order 2 never saw the answer, so it asks again, on the other side of the partition.
// Both sides have counted it now, for neither can know of the other.
await south.add({ counter: "sold", delta: 5n, key: "order-2" });

// The west crashes, comes back on its journal, and is asked a third time.
await west.stop();
const westAgain = await open("west");
await westAgain.ready;
await westAgain.add({ counter: "sold", delta: 5n, key: "order-2" });
console.log("back from its journal, it says", sold(westAgain));

// They meet: one key, one addition. Every office comes to the same sum.
network.heal();
const offices = [north, south, westAgain];
for (const node of offices) await node.read("sold", { level: "all", timeoutMs: 20_000 });
console.log("together again they say", offices.map(sold));

await Promise.all(offices.map((node) => node.stop()));
await rm(directory, { recursive: true });
