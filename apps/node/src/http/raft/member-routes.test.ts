/** Members through HTTP, at real nodes. What becomes of nodes that join is in `membership.test.ts`. */
import request from "supertest";
import { z } from "zod";

import * as replies from "../../test-support/replies.ts";
import type { ReplyLike } from "../../test-support/replies.ts";
import { TestNodes, type TestNode } from "../../test-support/test-node.ts";

const { headerOf, jsonOf, leaderOf, refusalOf } = replies;

const nodes = new TestNodes();
afterEach(() => nodes.end());

const path = "/v1/cluster/members";
/** Nobody listens there. */
const nobody = "127.0.0.1:1";

const viewSchema = z.strictObject({
  clusterId: z.string(),
  configurationIndex: z.number(),
  committed: z.boolean(),
  leader: z.string().nullable(),
  members: z.array(
    z.strictObject({ id: z.string(), address: z.string(), role: z.string(), joining: z.boolean() }),
  ),
});
type View = z.infer<typeof viewSchema>;

function viewOf(reply: ReplyLike): View {
  return viewSchema.parse(JSON.parse(reply.text));
}

/** `id role` of each member, with `joining` where that is so. */
function rolesOf(reply: ReplyLike): readonly string[] {
  return viewOf(reply).members.map(({ id, role, joining }) => {
    return `${id} ${role}${joining ? " joining" : ""}`;
  });
}

function withId(id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}

async function threeReady(
  ...args: readonly string[]
): Promise<{ leader: TestNode; followers: TestNode[] }> {
  const cluster = await nodes.three(...args);
  await Promise.all(cluster.map(({ node }) => node.ready));
  const nodeID = leaderOf(await request(cluster[0]!.url).get("/status"));
  const leader = cluster.find(({ address }) => address === nodeID)!;
  return { leader, followers: cluster.filter((node) => node !== leader) };
}

describe(`GET ${path}`, () => {
  test("tells cluster, leader, members and where in the log that is decided", async () => {
    const { url, address, config } = await nodes.single();
    const reply = await request(url).get(path).expect(200);
    expect(reply.type).toBe("application/json");
    expect(viewOf(reply)).toEqual({
      clusterId: config.clusterId,
      configurationIndex: 1,
      committed: true,
      leader: address,
      members: [{ id: address, address, role: "voter", joining: false }],
    });
    const head = await request(url).head(path).expect(200);
    expect(headerOf(head, "content-length")).toBe(String(reply.text.length));
  });

  test("is answered by every node itself, also by one that waits for the others", async () => {
    const { followers } = await threeReady();
    const reply = await request(followers[0]!.url).get(path).expect(200);
    expect(headerOf(reply, "counter-served-by")).toBe(followers[0]!.address);
    expect(viewOf(reply).members).toHaveLength(3);
  });
});

describe(`POST ${path}`, () => {
  test("adds a learner that is to vote: 201, and 200 when there is nothing to do", async () => {
    const { url, address } = await nodes.single();
    const body = { id: "n2", address: "LOCALHOST:1" };
    const added = await request(url).post(path).send(body).expect(201);
    expect(rolesOf(added)).toEqual([`${address} voter`, "n2 learner joining"]);
    expect(viewOf(added)).toMatchObject({ committed: true, leader: address });
    expect(viewOf(added).members[1]!.address).toBe(nobody);
    const again = await request(url).post(path).send({ id: "n2", address: "1" }).expect(200);
    expect(viewOf(again)).toEqual(viewOf(added));
  });

  test("takes the address for a name, and with voter: false adds one that never votes", async () => {
    const { url, address } = await nodes.single();
    const reply = await request(url).post(path).send({ address: "1", voter: false }).expect(201);
    expect(rolesOf(reply)).toEqual([`${nobody} learner`, `${address} voter`].sort());
    const changed = await request(url).post(path).send({ address: "1", voter: true }).expect(201);
    expect(rolesOf(changed)).toContain(`${nobody} learner joining`);
  });

  test("puts a node in the place of a silent one at the same address", async () => {
    const { url, address } = await nodes.single();
    await request(url).post(path).send({ id: "old", address: nobody }).expect(201);
    const reply = await request(url).post(path).send({ id: "new", address: nobody }).expect(201);
    expect(rolesOf(reply)).toEqual([`${address} voter`, "new learner joining"]);
  });

  test("does not push out a node that answers: 409; nor the leader, even with ?force", async () => {
    const { leader, followers } = await threeReady();
    const [asked, other] = followers;
    const taken = await request(asked!.url).post(path).send({ id: "x", address: other!.address });
    expect(refusalOf(taken)).toEqual([409, "invalid-change"]);
    expect(taken.text).toContain(`${other!.address} is at ${other!.address} and answers`);
    const own = await request(asked!.url)
      .post(`${path}?force`)
      .send({ id: "x", address: leader.address });
    expect(refusalOf(own)).toEqual([409, "invalid-change"]);
    expect(viewOf(await request(leader.url).get(path)).members).toHaveLength(3);
  });

  it.each([
    { body: { id: "a b", address: "1" }, pointer: "/id" },
    { body: { id: "", address: "1" }, pointer: "/id" },
    { body: { id: "x".repeat(129), address: "1" }, pointer: "/id" },
    { body: { id: 7, address: "1" }, pointer: "/id" },
    { body: { address: "nowhere" }, pointer: "/address" },
    { body: { address: 1 }, pointer: "/address" },
    { body: {}, pointer: "/address" },
    { body: { address: "1", voter: "yes" }, pointer: "/voter" },
    { body: { address: "1", role: "voter" }, pointer: "/role" },
  ])("refuses $body: 400 at $pointer", async ({ body, pointer }) => {
    const { url } = await nodes.single();
    const reply = await request(url).post(path).send(body);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
    expect(reply.type).toBe("application/problem+json");
    expect(reply.body).toMatchObject({ errors: [{ pointer }] });
  });

  it.each([
    { query: "expectedIndex=", parameter: "expectedIndex" },
    { query: "expectedIndex=-1", parameter: "expectedIndex" },
    { query: `expectedIndex=${"9".repeat(16)}`, parameter: "expectedIndex" },
    { query: "force=maybe", parameter: "force" },
  ])("refuses ?$query: 400, and so do the others", async ({ query, parameter }) => {
    const { url } = await nodes.single();
    const replies = [
      await request(url).post(`${path}?${query}`).send({ address: "1" }),
      await request(url).delete(`${withId(nobody)}?${query}`),
      await request(url).post(`${withId(nobody)}/promote?${query}`),
    ];
    for (const reply of replies) {
      expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
      expect(reply.body).toMatchObject({ errors: [{ parameter }] });
    }
  });

  test("?expectedIndex is compare-and-set: 412 once the members have changed", async () => {
    const { url } = await nodes.single();
    const at = viewOf(await request(url).get(path)).configurationIndex;
    const add = (id: string, port: string): request.Test => {
      return request(url).post(`${path}?expectedIndex=${at}`).send({ id, address: port });
    };
    await add("n2", "1").expect(201);
    expect(refusalOf(await add("n3", "2"))).toEqual([412, "version-mismatch"]);
  });
});

describe(`DELETE ${path}/{id}`, () => {
  test("removes a member, by whatever spelling of its address, and then knows it no more: 404", async () => {
    const { url, address } = await nodes.single();
    await request(url).post(path).send({ address: "1" }).expect(201);
    const removed = await request(url).delete(withId("localhost:1")).expect(200);
    expect(rolesOf(removed)).toEqual([`${address} voter`]);
    const again = await request(url).delete(withId(nobody));
    expect(refusalOf(again)).toEqual([404, "member-not-found"]);
    expect(again.text).toContain(`${address} are`); // who is
  });

  it.each([":id", "%00", "a%2Fb", "x".repeat(1000)])("knows no %s: 404", async (id) => {
    const { url } = await nodes.single();
    const reply = await request(url).delete(`${path}/${id}`);
    expect(refusalOf(reply)).toEqual([404, "member-not-found"]);
    expect(String(jsonOf(reply)["detail"]).length).toBeLessThan(200);
  });

  test("that cannot be decoded is 400", async () => {
    const { url } = await nodes.single();
    const reply = await request(url).delete(`${path}/%zz`);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });

  test("the last voter cannot be removed: 409 invalid-change, even with ?force", async () => {
    const { url, address } = await nodes.single();
    for (const query of ["", "?force", "?force=false"]) {
      const reply = await request(url).delete(`${withId(address)}${query}`);
      expect(refusalOf(reply)).toEqual([409, "invalid-change"]);
    }
    await request(url).post("/next").expect(200, "1\n");
  });

  test("a follower sends it on, with what the path and the query say", async () => {
    const { leader, followers } = await threeReady();
    const [asked, other] = followers;
    const at = viewOf(await request(leader.url).get(path)).configurationIndex;
    const late = await request(asked!.url).delete(`${withId(other!.address)}?expectedIndex=99`);
    expect(refusalOf(late)).toEqual([412, "version-mismatch"]);
    const reply = await request(asked!.url)
      .delete(`${withId(other!.address)}?expectedIndex=${at}`)
      .expect(200);
    expect(headerOf(reply, "counter-served-by")).toBe(leader.address);
    expect(rolesOf(reply)).toEqual(
      [leader, asked!].map(({ address }) => `${address} voter`).sort(),
    );
    expect(await other!.node.stopped).toMatchObject({ exitCode: 4 });
  });
});

describe(`POST ${path}/{id}/promote`, () => {
  test("is refused where the cluster would stop: 409; with ?force it is tried, outcome unknown", async () => {
    const { url } = await nodes.single("--apply-timeout=300ms");
    await request(url).post(path).send({ id: "x", address: nobody }).expect(201);
    const refused = await request(url).post(`${withId("x")}/promote`);
    expect(refusalOf(refused)).toEqual([409, "unsafe-change"]);
    expect(refused.body).toMatchObject({
      outcome: "not-applied",
      detail: "without x there is no majority, and they do not answer",
    });
    await request(url).post("/next").expect(200, "1\n");
    const forced = await request(url).post(`${withId("x")}/promote?force`);
    expect(refusalOf(forced)).toEqual([504, "outcome-unknown"]);
    const view = viewOf(await request(url).get(path));
    expect(view).toMatchObject({ committed: false });
    expect(view.members).toContainEqual({
      id: "x",
      address: nobody,
      role: "voter",
      joining: false,
    });
  });

  test("of a voter changes nothing: 200; of a stranger: 404", async () => {
    const { followers } = await threeReady();
    const [asked, other] = followers;
    const before = viewOf(await request(asked!.url).get(path));
    const reply = await request(asked!.url)
      .post(`${withId(other!.address)}/promote`)
      .expect(200);
    expect(viewOf(reply)).toEqual(before);
    const stranger = await request(asked!.url).post(`${withId("x")}/promote`);
    expect(refusalOf(stranger)).toEqual([404, "member-not-found"]);
  });
});

describe("other methods", () => {
  it.each([
    { method: "put", at: path, allow: "GET, HEAD, POST, OPTIONS" },
    { method: "get", at: `${path}/x`, allow: "DELETE, OPTIONS" },
    { method: "head", at: `${path}/x`, allow: "DELETE, OPTIONS" },
    { method: "delete", at: `${path}/x/promote`, allow: "POST, OPTIONS" },
    { method: "get", at: "/join", allow: "POST, OPTIONS" },
  ] as const)("$method $at is 405 and names $allow", async ({ method, at, allow }) => {
    const { url } = await nodes.single();
    const reply = await request(url)[method](at);
    expect(refusalOf(reply)).toEqual([405, "method-not-allowed"]);
    expect(headerOf(reply, "allow")).toBe(allow);
  });
});

describe("/join", () => {
  it.each(["", "?id=n2", "?addr=1", "?id=&addr=1"])("%s lacks something: 400", async (query) => {
    const { url } = await nodes.single();
    const reply = await request(url).post(`/join${query}`);
    expect([...refusalOf(reply), reply.text]).toEqual([
      400,
      "validation-failed",
      "validation-failed: missing params (not-applied)\n",
    ]);
  });

  test("adds a learner that is to vote, as often as it is asked, with an empty answer", async () => {
    const { url, address } = await nodes.single();
    for (let time = 0; time < 2; time += 1) {
      await request(url).post("/join?id=n2&addr=localhost:1").expect(200, "");
    }
    await request(url)
      .post("/join?id=n3&addr=nowhere")
      .expect(400, /address/);
    const reply = await request(url).get(path);
    expect(rolesOf(reply)).toEqual([`${address} voter`, "n2 learner joining"]);
  });

  test("takes a GET as well with --compat=strict, which followers send on", async () => {
    const { leader, followers } = await threeReady("--compat=strict");
    const reply = await request(followers[0]!.url).get("/join?id=n4&addr=1").expect(200, "");
    expect(headerOf(reply, "counter-served-by")).toBe(leader.address);
    expect(rolesOf(await request(leader.url).get(path))).toContain("n4 learner joining");
    await request(followers[0]!.url).get(path).expect(200);
    const put = await request(leader.url).put("/join");
    expect(headerOf(put, "allow")).toBe("POST, GET, OPTIONS");
  });
});
