import { once } from "node:events";
import { connect } from "node:net";
import { GossipSockets } from "./sockets.ts";

const loopback = { host: "127.0.0.1", port: 0 };

describe("the sockets of a member", () => {
  it("can be closed though somebody connected before anybody listened", async () => {
    const sockets = await GossipSockets.bind(loopback);
    const early = connect(sockets.bound);
    early.on("error", () => undefined); // a reset is as good as an end
    early.resume();
    await once(early, "close");
    await sockets.close();
  });
});
