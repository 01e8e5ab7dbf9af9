import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { logTo } from "../test-support/log-lines.ts";
import { tagsOf } from "../test-support/gossip.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { TestNodes } from "../test-support/test-node.ts";
import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { until } from "../../e2e/support/until.ts";
import { NodeGossip, type NodeGossipParts } from "./node-gossip.ts";

const made: NodeGossip[] = [];
let lines: string[];
beforeEach(() => {
  lines = [];
});
afterEach(async () => {
  await Promise.all(made.splice(0).map((gossip) => gossip.end()));
});

const directoryId = "ab".repeat(16);

function gossipOf(config: Partial<NodeGossipParts["config"]>): NodeGossip {
  const usual = { label: "n1", host: "127.0.0.1", address: "127.0.0.1:8080" };
  const gossip = new NodeGossip({
    config: { ...usual, gossipPort: 0, gossipKeyFile: null, ...config },
    log: logTo(lines),
    folder: null,
    seeds: () => [],
    status: () => ({}),
  });
  made.push(gossip);
  return gossip;
}

describe("the gossip of a node", () => {
  it("has the name of its label and its directory, before anything else is known of it", async () => {
    const gossip = gossipOf({});
    let tags = tagsOf({ id: null, cluster: null, state: "candidate", expect: 3 });
    await gossip.begin({ directoryId, tags: () => tags });
    expect(gossip.summary()).toMatchObject({ name: "n1-abababab", alive: 1 });
    expect(gossip.tags()).toEqual(tags);
    tags = tagsOf({ state: "voter" });
    await gossip.begin({ directoryId, tags: () => tags }); // now by whoever knows the cluster
    expect(gossip.tags()).toEqual(tags);
    tags = tagsOf({ state: "leader" });
    await until("the tags follow by themselves", () => gossip.tags()?.state === "leader");
    await until("and are told", () => gossip.members()[0]?.node?.state === "leader");
  });

  it("is nothing where it is switched off", async () => {
    const gossip = gossipOf({ gossipPort: null });
    await gossip.begin({ directoryId, tags: () => tagsOf() });
    expect([gossip.service, gossip.summary(), gossip.tags()]).toEqual([null, null, null]);
    expect(gossip.members()).toEqual([]);
    await gossip.leave(5000);
    expect(lines).toEqual([]);
  });

  it("says what to do if its port is taken, with exit code 5", async () => {
    const taken = createSocket("udp4").bind(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address();
    const beginning = gossipOf({ gossipPort: port }).begin({ directoryId, tags: () => tagsOf() });
    await expect(beginning).rejects.toMatchObject({
      exitCode: 5,
      message: `gossip: 127.0.0.1:${port} is in use by another process; stop it, or choose another --gossip-port (or off)`,
    });
    taken.close();
  });

  it("ends with exit code 2 for a file without keys", async () => {
    const path = join(await newFolder(), "keys.json");
    await writeFile(path, "[]");
    const beginning = gossipOf({ gossipKeyFile: path }).begin({
      directoryId,
      tags: () => tagsOf(),
    });
    await expect(beginning).rejects.toMatchObject({ exitCode: 2 });
  });

  it("warns once beyond loopback, unless it is encrypted", async () => {
    const open = { host: "0.0.0.0", address: "127.0.0.1:8080" };
    await gossipOf(open).begin({ directoryId, tags: () => tagsOf() });
    expect(lines).toEqual([
      expect.stringMatching(/^info: gossips as /),
      expect.stringMatching(/^warn: .*give all nodes one --gossip-key-file$/),
    ]);
    lines.length = 0;
    const gossipKeyFile = join(await newFolder(), "keys.json");
    await writeFile(gossipKeyFile, JSON.stringify([Buffer.alloc(32, 1).toString("base64")]));
    await gossipOf({ ...open, gossipKeyFile }).begin({ directoryId, tags: () => tagsOf() });
    expect(lines).toEqual([expect.stringMatching(/^info: gossips as /)]);
  });

  it("tells the others the address that the name of --advertise stands for", async () => {
    const gossip = gossipOf({ host: "0.0.0.0", address: "localhost:8080" });
    await gossip.begin({ directoryId, tags: () => tagsOf() });
    expect(gossip.service?.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });
});

describe("nodes that gossip", () => {
  const raft = new TestNodes();
  const eventual = new EventualNodes();
  afterEach(() => Promise.all([raft.end(), eventual.end()]));

  /** `role standing state` of each member, as a node shows them. */
  const seen = async (url: string): Promise<readonly string[]> => {
    const { members } = (await (await fetch(`${url}/v1/members`)).json()) as {
      members: { role?: string; gossip: { standing: string; state: string } | null }[];
    };
    return members
      .map((one) => `${one.role ?? "-"} ${one.gossip?.standing ?? "-"} ${one.gossip?.state ?? "-"}`)
      .sort();
  };

  it("find each other by what --peers says, and keep for the next process where", async () => {
    const three = await raft.three("--gossip-port=0");
    for (const { url } of three) {
      await until("all three are alive, and one leads", async () => {
        const wanted = ["voter alive leader", "voter alive voter", "voter alive voter"];
        return JSON.stringify(await seen(url)) === JSON.stringify(wanted);
      });
      const status = (await (await fetch(`${url}/status`)).json()) as { gossip: unknown };
      expect(status.gossip).toMatchObject({ alive: 3, failed: 0 });
    }
    await Promise.all(three.map(({ node }) => node.stop()));
    const kept = await readFile(join(three[0]!.config.dataDir, "gossip.json"), "utf8");
    expect((JSON.parse(kept) as { addresses: unknown[] }).addresses).toHaveLength(2);
  });

  it("are shown without gossip where that is off", async () => {
    const { url } = await raft.single();
    expect(await seen(url)).toEqual(["voter - -"]);
    const reply = (await (await fetch(`${url}/v1/members`)).json()) as { gossip: unknown };
    expect(reply.gossip).toBeNull();
  });

  it("do so in eventual mode as well", async () => {
    const one = await eventual.single("--gossip-port=0");
    const peers = `--peers=${one.config.port}`;
    const two = await eventual.single("--gossip-port=0", peers);
    for (const { url } of [one, two]) {
      await until("both are alive and up", async () => {
        const wanted = ["- alive up", "- alive up"];
        return JSON.stringify(await seen(url)) === JSON.stringify(wanted);
      });
    }
  });
});
