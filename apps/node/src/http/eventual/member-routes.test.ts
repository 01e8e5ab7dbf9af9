import { rm } from "node:fs/promises";

import request from "supertest";

import { until } from "../../../e2e/support/until.ts";
import { EventualNodes, type EventualTestNode } from "../../test-support/eventual-nodes.ts";
import { jsonOf, refusalOf } from "../../test-support/replies.ts";

jest.setTimeout(60_000); // real nodes, on a machine that may be busy

const nodes = new EventualNodes();
let node: EventualTestNode;

beforeEach(async () => {
  node = await nodes.single();
});
afterEach(() => nodes.end());

describe("members", () => {
  const path = "/v1/cluster/members";
  const nobody = "127.0.0.1:1";

  test("are this node, and those that are announced", async () => {
    const { clusterId, id } = jsonOf(await request(node.url).get("/status"));
    const own = { id, address: node.config.address, label: node.config.label };
    const before = jsonOf(await request(node.url).get(path));
    expect(before).toMatchObject({ clusterId, members: [{ ...own, up: true }], expected: [] });
    const added = await request(node.url).post(path).send({ address: "1" });
    expect([added.status, jsonOf(added)["expected"]]).toEqual([201, [nobody]]);
    await request(node.url).post(path).send({ address: nobody }).expect(200);
    await request(node.url).get("/get").expect(200, '{"counter":0}\n'); // it adds nothing
    await request(node.url).delete(`${path}/1`).expect(200);
    expect(jsonOf(await request(node.url).get(path))["expected"]).toEqual([]);
  });

  test("can be announced as the demo does it", async () => {
    await request(node.url).post("/join?id=n2&addr=127.0.0.1:1").expect(200, "");
    expect(jsonOf(await request(node.url).get(path))["expected"]).toEqual([nobody]);
    const reply = await request(node.url).post("/join?addr=127.0.0.1:1");
    expect(reply.text).toContain("missing params");
  });

  test.each([
    ["post", path, { address: "x y" }],
    ["post", path, { id: "n2", address: "1" }],
    ["post", path, {}],
    ["delete", `${path}/1?expectedIndex=3`, {}],
    ["post", "/join?id=n2&addr=here", {}],
  ] as const)("%s %s %j is refused", async (method, at, body) => {
    const reply = await request(node.url)[method](at).send(body);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });

  test("of which one is the successor of another at its address can be told apart by id", async () => {
    const [first, second] = await nodes.mesh(2);
    if (first === undefined || second === undefined) throw new Error("no nodes");
    const oldId = jsonOf(await request(second.url).get("/status"))["id"];
    await second.node.stop();
    await rm(second.config.dataDir, { recursive: true });
    const successor = await nodes.again(second, `--peers=${first.config.port}`);
    await successor.node.ready;
    const { id: nodeId } = jsonOf(await request(successor.url).get("/status"));
    const members = async (): Promise<string> => (await request(first.url).get(path)).text;
    await until("the successor is a member", async () => {
      return (await members()).includes(String(nodeId));
    });
    expect(await members()).toContain(String(oldId));
    await request(first.url)
      .delete(`${path}/${String(oldId)}`)
      .expect(200);
    expect(await members()).toContain(String(nodeId));
    expect(await members()).not.toContain(String(oldId));
    await request(successor.url).post("/increment?ack=all").expect(200);
    expect(jsonOf(await request(first.url).get("/get"))).toEqual({ counter: 1 });
  });

  test("that are not there cannot be removed", async () => {
    const reply = await request(node.url).delete(`${path}/${"0".repeat(32)}`);
    expect(refusalOf(reply)).toEqual([404, "member-not-found"]);
  });
});
