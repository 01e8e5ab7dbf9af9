import { once } from "node:events";
import { createServer, type Server } from "node:http";

import winston from "winston";

import { askedMax, GossipSeeds } from "./gossip-seeds.ts";

const log = winston.createLogger({ silent: true });
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Somebody who answers every question with this. */
async function answering(body: () => unknown): Promise<string> {
  const server = createServer((_, outgoing) => outgoing.end(JSON.stringify(body())));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return `127.0.0.1:${address.port}`;
}

const gossipsAt = (address: string) => (): unknown => ({ gossip: { address }, members: [] });
const nobody = "127.0.0.1:1"; // a port at which nothing listens

interface Given {
  readonly addresses?: readonly string[];
  readonly found?: readonly string[];
  readonly remembered?: readonly string[];
}

function seeds({ addresses = [], found = [], remembered = [] }: Given): GossipSeeds {
  return new GossipSeeds({
    addresses: () => addresses,
    found: () => new Set(found),
    remembered,
    log,
  });
}

describe("where others gossip", () => {
  it("is asked of the nodes themselves; who does not answer is asked again", async () => {
    let later = "";
    const one = await answering(gossipsAt("127.0.0.1:7001"));
    const two = await answering(() => ({ gossip: later === "" ? null : { address: later } }));
    const asking = seeds({ addresses: [one, nobody, two] });
    expect(await asking.source()).toEqual(["127.0.0.1:7001"]);
    later = "[::1]:7002";
    expect(await asking.source()).toEqual(["127.0.0.1:7001", "[::1]:7002"]);
    later = "";
    expect(await asking.source()).toEqual(["127.0.0.1:7001"]);
  });

  it("holds for a node that is away, until it says otherwise", async () => {
    const one = await answering(gossipsAt("127.0.0.1:7001"));
    const asking = seeds({ addresses: [one] });
    await asking.source();
    await new Promise((closed) => servers.pop()?.close(closed));
    expect(await asking.source()).toEqual(["127.0.0.1:7001"]);
  });

  it("is tried first where it was, without asking anybody; with company not at all", async () => {
    const one = await answering(gossipsAt("127.0.0.1:7001"));
    const old = { remembered: ["127.0.0.1:7000"] };
    const alone = seeds({ ...old, addresses: [one] });
    expect(await alone.source()).toEqual(["127.0.0.1:7000"]);
    expect(await alone.source()).toEqual(["127.0.0.1:7001", "127.0.0.1:7000"]);
    const inCompany = seeds({ ...old, addresses: [one], found: ["own:1", one] });
    await inCompany.source();
    expect(await inCompany.source()).toEqual([]); // it is found already: nobody is asked
  });

  it.each([
    { what: "a name, which strangers are not to have looked up", body: gossipsAt("example.com:1") },
    { what: "no address", body: gossipsAt("nowhere at all") },
    { what: "an answer of another program", body: () => ["hello"] },
  ])("is not what this says: $what", async ({ body }) => {
    expect(await seeds({ addresses: [await answering(body)] }).source()).toEqual([]);
  });

  it("is asked of so many nodes at a time, and of the others when those are found", async () => {
    let asked = 0;
    const one = await answering(() => {
      asked += 1;
      return { gossip: null };
    });
    const port = one.slice(one.indexOf(":") + 1);
    const many = Array.from({ length: askedMax + 1 }, (_, place) => `127.0.0.${place + 1}:${port}`);
    const known = seeds({ addresses: [...many.slice(1), one], found: many.slice(2) });
    await known.source();
    expect(asked).toBe(1);
    const unknown = seeds({ addresses: [...many.slice(1), one] });
    await unknown.source();
    expect(asked).toBe(1); // the last of the list has to wait
  });

  it("is not asked any more once the node stops", async () => {
    const asking = seeds({ addresses: [await answering(gossipsAt("127.0.0.1:7001"))] });
    asking.close();
    expect(await asking.source()).toEqual([]);
  });
});
