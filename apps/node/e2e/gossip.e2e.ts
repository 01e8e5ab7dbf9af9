/** Nodes that gossip: among themselves, and with a real agent of Serf. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { Agent, hasSerf } from "../../../packages/gossip/e2e/agents.ts";
import type { Cluster } from "./support/cluster.ts";
import { withCluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { gossipPortOf } from "./support/ports.ts";
import { patienceMs, until } from "./support/until.ts";

if (!hasSerf()) process.stderr.write("Skipped: there is no `serf` here (apt-get install serf).\n");
const testWithSerf = hasSerf() ? test : test.skip;

const viewSchema = z.object({
  gossip: z.object({ name: z.string() }),
  members: z.array(
    z.object({
      address: z.string().nullable(),
      role: z.string().nullable(),
      gossip: z.object({ name: z.string(), standing: z.string() }).nullable(),
    }),
  ),
});

async function membersOf(node: ClusterNode): Promise<z.infer<typeof viewSchema>> {
  const reply = await node.get("/v1/members", { timeoutMs: 2000 });
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
  return viewSchema.parse(JSON.parse(reply.text));
}

/** `role standing` of a node as another one shows it. */
async function seen(by: ClusterNode, node: ClusterNode): Promise<string> {
  const { members } = await membersOf(by);
  const row = members.find(({ address }) => address === node.address);
  return `${row?.role ?? "-"} ${row?.gossip?.standing ?? "-"}`;
}

async function allSee(cluster: Cluster, node: ClusterNode, what: string): Promise<void> {
  const others = cluster.running.filter((other) => other !== node);
  for (const other of others) {
    const text = `${other.address} sees ${node.address} as ${what}`;
    await until(text, async () => (await seen(other, node)) === what, patienceMs);
  }
}

async function allAlive(cluster: Cluster): Promise<void> {
  for (const node of cluster.nodes) await allSee(cluster, node, "voter alive");
}

test("who is killed is failed and still votes, and is back under the same name", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    await allAlive(cluster);
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
    const { name } = (await membersOf(second)).gossip;
    await second.kill();
    await allSee(cluster, second, "voter failed");
    second.start();
    await second.ready();
    await allAlive(cluster);
    const { members, gossip } = await membersOf(second);
    expect(gossip.name).toBe(name);
    expect(members.filter((member) => member.gossip?.name === name)).toHaveLength(1);
    expect((await membersOf(first)).members).toHaveLength(3);
    const said = first.process.lines.filter((line) => line.includes(name)).join(" ");
    expect(said).toMatch(/ is there .* has failed: nobody reaches it .* is back /);
  }));

testWithSerf("an agent of Serf lists all nodes, and is answered by each of them", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const agent = await Agent.start("agent");
    try {
      const [first, , third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
      await agent.command("join", `127.0.0.1:${gossipPortOf(first.port)}`);
      const http = cluster.nodes.map(({ address }) => address).sort();
      const alive = async (): Promise<readonly string[]> => {
        const members = await agent.members();
        const nodes = members.filter(({ tags, status }) => {
          return tags["role"] === "counter" && tags["mode"] === "raft" && status === "alive";
        });
        return nodes.map(({ tags }) => tags["http"] ?? "").sort();
      };
      const listsAll = async (): Promise<boolean> => String(await alive()) === String(http);
      await until("the agent lists all three", listsAll, patienceMs);

      const states = new Set<string>();
      await until(
        "all three answer the query",
        async () => {
          const text = await agent.command("query", "-format=json", "-timeout=3s", "status");
          for (const answer of answersIn(text)) states.add(answer);
          return states.size >= 3;
        },
        patienceMs,
      );
      const wanted = cluster.nodes.map(({ address }) => expect.stringContaining(address) as string);
      expect([...states]).toEqual(expect.arrayContaining(wanted));

      for (const found of [["voter suspect", "voter failed"], ["voter failed"]]) {
        third.process.signal("SIGSTOP");
        const isFound = async (): Promise<boolean> => found.includes(await seen(first, third));
        await until(`the sleeper is ${found.join(" or ")}`, isFound, patienceMs);
        third.process.signal("SIGCONT");
        await allAlive(cluster);
        await until("the agent lists all three again", listsAll, patienceMs);
      }
    } finally {
      await agent.kill();
    }
  }),
);

const responsesSchema = z.object({ Responses: z.record(z.string(), z.string()) });

/** `address state` of each answer. */
function answersIn(text: string): readonly string[] {
  const { Responses } = responsesSchema.parse(JSON.parse(text));
  const schema = z.object({ address: z.string(), state: z.string(), cluster: z.string() });
  return Object.values(Responses).map((body) => schema.parse(JSON.parse(body)).address);
}

testWithSerf("keys are rotated by an agent while all run, and hold after a restart", () => {
  const [old, next] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
  return withCluster({}, async (cluster) => {
    const files = cluster.nodes.map(({ port }) => join(cluster.folder, `keys-${port}.json`));
    await Promise.all(files.map((file) => writeFile(file, JSON.stringify([old]))));
    const start = (node: ClusterNode): unknown =>
      node.start(`--gossip-key-file=${files[cluster.nodes.indexOf(node)]!}`);
    for (const node of cluster.nodes) start(node);
    await cluster.ready();
    await allAlive(cluster);
    const [first] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
    const agent = await Agent.start("agent", [`-encrypt=${old}`]);
    try {
      await agent.command("join", `127.0.0.1:${gossipPortOf(first.port)}`);
      const listed = async (): Promise<boolean> => (await agent.members()).length === 4;
      await until("the agent lists everybody", listed, patienceMs);
      for (const change of [`-install=${next}`, `-use=${next}`, `-remove=${old}`]) {
        // One that answers too late makes the command fail: who rotates keys says it again.
        const done = async (): Promise<boolean> => {
          await agent.command("keys", change);
          return true;
        };
        await until(`serf keys ${change}`, done, patienceMs);
      }
    } finally {
      await agent.kill();
    }
    for (const file of files) expect(JSON.parse(await readFile(file, "utf8"))).toEqual([next]);
    await first.terminate();
    start(first);
    await allAlive(cluster);
  });
});

test("a port of gossip that is taken ends a node with 5, and a word on what to do", () =>
  withCluster({ nodes: 2 }, async (cluster) => {
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    first.start();
    await first.process.logged(/gossips as/);
    const run = second.start(`--gossip-port=${gossipPortOf(first.port)}`);
    expect(await run.end()).toMatchObject({ code: 5 });
    expect(run.lines.join("\n")).toContain("choose another --gossip-port");
  }));
