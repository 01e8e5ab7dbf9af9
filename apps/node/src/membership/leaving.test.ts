/** Real nodes that leave their cluster because they were asked to. */
import request from "supertest";
import { z } from "zod";

import { until } from "../../e2e/support/until.ts";
import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { jsonOf, leaderOf, refusalOf } from "../test-support/replies.ts";
import { TestNodes, type TestNode } from "../test-support/test-node.ts";

jest.setTimeout(60_000); // real nodes, on a machine that may be busy

const path = "/v1/cluster/leave";
const membersPath = "/v1/cluster/members";
const viewSchema = z.object({ members: z.array(z.object({ id: z.string() })) });

async function idsSeenBy({ url }: { readonly url: string }): Promise<readonly string[]> {
  const { text } = await request(url).get(membersPath);
  return viewSchema.parse(JSON.parse(text)).members.map(({ id }) => id);
}

describe("in raft mode", () => {
  const nodes = new TestNodes();
  afterEach(() => nodes.end());

  async function leaderAndFollowers(): Promise<[TestNode, TestNode, TestNode]> {
    const cluster = await nodes.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    const id = leaderOf(await request(cluster[0]!.url).get("/status"));
    const leader = cluster.find(({ address }) => address === id)!;
    const [first, second] = cluster.filter((node) => node !== leader);
    return [leader, first!, second!];
  }

  /** As a user would who is told that it did not happen, and why that may pass. */
  async function leaves({ url, address }: TestNode): Promise<void> {
    const reply = await until(`${address} has left`, async () => {
      const answer = await request(url).post(path);
      return answer.status === 503 ? null : answer;
    });
    expect([reply.status, reply.text]).toEqual([200, `${JSON.stringify({ left: address })}\n`]);
  }

  test("a follower has itself removed, and does not come back", async () => {
    const [leader, follower, other] = await leaderAndFollowers();
    await request(follower.url).post("/next").expect(200, "1\n");
    await leaves(follower);
    await follower.node.left;
    await follower.node.stop();
    expect(await follower.node.stopped).toBeNull();
    expect(await idsSeenBy(leader)).toEqual([leader.address, other.address].sort());
    await expect(nodes.again(follower)).rejects.toMatchObject({ exitCode: 4 });
    await request(other.url).post("/next").expect(200, "2\n");
  });

  test("the leader hands over and leaves, down to a last one that cannot", async () => {
    const [leader, second, third] = await leaderAndFollowers();
    await leaves(leader);
    await leader.node.left;
    await leader.node.stop();
    await request(second.url).post("/next").expect(200, "1\n");
    await leaves(second);
    await second.node.left;
    await second.node.stop();
    await request(third.url).post("/next").expect(200, "2\n");
    for (const query of ["", "?force"]) {
      const refused = await request(third.url).post(`${path}${query}`);
      expect(refusalOf(refused)).toEqual([409, "last-member"]);
    }
    await request(third.url).post("/next").expect(200, "3\n");
  });

  test("also a node that does not forward, and a learner", async () => {
    const first = await nodes.seed();
    const learner = await nodes.joiner(first, "--forward=off");
    await until("it is a member", async () => (await idsSeenBy(first)).length === 2);
    const reply = await until("it has left", async () => {
      const answer = await request(learner.url).post(path);
      return answer.status === 503 ? null : answer;
    });
    expect(reply.status).toBe(200);
    await learner.node.left;
    expect(await idsSeenBy(first)).toEqual([first.address]);
  });

  test("not if the others would be no majority: it goes on", async () => {
    const [leader, follower, dead] = await leaderAndFollowers();
    await dead.node.stop();
    // Before that the leader takes it for somebody who answers. Nothing is ever at entry 0.
    await until("the dead one is silent", async () => {
      const body = { id: "other", address: dead.address };
      const probe = await request(leader.url).post(`${membersPath}?expectedIndex=0`).send(body);
      return probe.status === 412;
    });
    const reply = await until("it is refused", async () => {
      const answer = await request(follower.url).post(path);
      return answer.status === 503 ? null : answer; // the leader may have just changed
    });
    expect(refusalOf(reply)).toEqual([409, "unsafe-change"]);
    await request(follower.url).post("/next").expect(200, "1\n");
    expect(await idsSeenBy(leader)).toHaveLength(3);
  });

  test("a body or a ?force that means nothing is refused", async () => {
    const { url } = await nodes.single();
    const bad = await request(url).post(`${path}?force=2`);
    expect(refusalOf(bad)).toEqual([400, "validation-failed"]);
    const body = await request(url).post(path).send({ id: "x" });
    expect(refusalOf(body)).toEqual([400, "validation-failed"]);
  });
});

describe("in eventual mode", () => {
  const nodes = new EventualNodes();
  afterEach(() => nodes.end());

  test("a node hands over what only it had, leaves, and does not come back", async () => {
    const [first, second, third] = await nodes.mesh(3);
    await request(first!.url).post("/increment").expect(200);
    const { id } = jsonOf(await request(first!.url).get("/status"));
    const reply = await request(first!.url).post(path).expect(200);
    expect(jsonOf(reply)).toEqual({ left: id });
    await first!.node.left;
    await first!.node.stop();
    expect(await first!.node.stopped).toBeNull();
    await until("the others know", async () => {
      const seen = [...(await idsSeenBy(second!)), ...(await idsSeenBy(third!))];
      return seen.length === 4 && !seen.includes(String(id));
    });
    const value = async (url: string): Promise<unknown> => jsonOf(await request(url).get("/get"));
    await until("both have it", async () => {
      const found = [await value(second!.url), await value(third!.url)];
      return JSON.stringify(found) === '[{"counter":1},{"counter":1}]';
    });
    await expect(nodes.again(first!)).rejects.toMatchObject({ exitCode: 4 });
  });

  test("not the only member, whose counts would be nowhere", async () => {
    const { url } = await nodes.single();
    const refused = await request(url).post(`${path}?force`);
    expect(refusalOf(refused)).toEqual([409, "last-member"]);
    await request(url).post("/increment").expect(200);
  });

  test("not while too few others answer, and it goes on", async () => {
    const [first, second, third] = await nodes.mesh(3);
    await second!.node.stop();
    await third!.node.stop();
    await until("they are missed", async () => {
      const answer = await request(first!.url).get(membersPath);
      return answer.text.split('"up":true').length === 2; // itself
    });
    expect(refusalOf(await request(first!.url).post(path))).toEqual([409, "no-majority"]);
    await request(first!.url).post("/increment").expect(200);
  });
});
