// A member in a process of its own: tells its parent what it sees, and stands still when it is told to.
import { GossipNode, lanTiming, localTiming } from "@counter/gossip";

const [name, seed] = process.argv.slice(2);
// Times as on one machine, but with three others to be asked, as between machines.
const timing = { ...localTiming, indirectChecks: lanTiming.indirectChecks };
const node = await GossipNode.start({
  ...{ name, bindHost: "127.0.0.1", bindPort: 0, timing },
  seeds: seed === "" ? [] : [seed],
});

process.on("message", ({ standStillMs }) => {
  const until = performance.now() + standStillMs;
  while (performance.now() < until);
  process.send({ type: "stood" });
});
process.on("disconnect", () => process.exit());

process.send({ type: "started", address: `${node.address.host}:${node.address.port}` });
for await (const event of node.events()) {
  if (event.type === "snapshot") {
    for (const member of event.members) {
      process.send({ type: "join", name: member.name });
    }
  } else process.send({ type: event.type, name: event.member.name });
}
