import request from "supertest";

import { EventualNodes, type EventualTestNode } from "../../test-support/eventual-nodes.ts";
import { ownCounter } from "../../test-support/own-counter.ts";
import { headerOf, jsonOf, refusalOf } from "../../test-support/replies.ts";

const nodes = new EventualNodes();
let one: EventualTestNode;
let other: EventualTestNode;

beforeAll(async () => {
  [one, other] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
  await Promise.all([one, other].map(hasMet));
});
afterAll(() => nodes.end());

/** Only a member that is up is one that everybody waits for. */
async function hasMet({ url }: EventualTestNode): Promise<void> {
  const path = "/v1/cluster/members";
  const look = async () => JSON.stringify((await request(url).get(path).expect(200)).body);
  while ((await look()).split('"status":"up"').length < 3) continue;
}

const own = ownCounter();

describe("what has spread", () => {
  const write = (path: string, body: object) =>
    request(one.url).post(`${own.path}${path}`).set("Prefer", "wait=30").send(body).expect(200);

  test("a write tells what every node has, and its token is good at the other one", async () => {
    await write("/add?ack=all", { delta: "90" });
    const reply = await write("/add", { delta: "1" });
    expect(reply.body).toMatchObject({ value: "91", stable: "90" });
    const token = headerOf(reply, "counter-version")!;
    const read = () => request(other.url).get(own.path).set("Counter-At-Least", token);
    let seen = await read();
    for (; seen.status !== 200; seen = await read()) {
      expect(refusalOf(seen)).toEqual([503, "not-yet-consistent"]);
      expect(headerOf(seen, "retry-after")).toBe("1");
    }
    expect(seen.body).toMatchObject({ value: "91" });
  });

  test("so does each operation of a batch, and a set once all have it", async () => {
    await write("/add?ack=all", { delta: "90" });
    const add = { op: "add", counter: own.name, delta: "1" };
    const batch = { ops: [add, { ...add, key: "k" }, { op: "reset", counter: own.name }] };
    const reply = await request(one.url).post("/v1/batch").send(batch).expect(200);
    const [plain, keyed, reset] = jsonOf(reply)["results"] as object[];
    expect(plain).toMatchObject({ stable: "90" });
    expect(keyed).not.toHaveProperty("stable");
    expect(reset).toMatchObject({ stable: null }); // not told apart while some may lack it
    expect((await write("/reset?ack=all", { to: "7" })).body).toMatchObject({ stable: "7" });
  });
});
