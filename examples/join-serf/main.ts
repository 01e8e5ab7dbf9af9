// Joins a Serf cluster: node main.js <address of this machine> <address of any member> …
import { SerfNode } from "@counter/gossip";

const [bindHost = "127.0.0.1", ...seeds] = process.argv.slice(2);
const serf = await SerfNode.start({
  ...{ name: `example-${process.pid}`, bindHost, bindPort: 0, seeds, tags: { role: "example" } },
  onUserEvent: ({ name, payload }) => console.log("event", name, Buffer.from(payload).toString()),
});
process.once("SIGTERM", () => void serf.leave().then(() => serf.close()));
for await (const event of serf.gossip.events()) {
  if (event.type !== "snapshot") console.log(event.type, event.member.name);
}
