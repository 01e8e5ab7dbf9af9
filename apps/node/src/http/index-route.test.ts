import request from "supertest";

import { jsonOf } from "../test-support/replies.ts";
import { TestNodes, type TestNode } from "../test-support/test-node.ts";

const nodes = new TestNodes();
let node: TestNode;

beforeAll(async () => {
  node = await nodes.single();
});
afterAll(() => nodes.end());

describe("GET /", () => {
  test("lists the calls, one line each", async () => {
    const { type, text } = await request(node.url).get("/").expect(200);
    expect(type).toBe("text/plain");
    expect(text).toMatch(/^POST +\/next +hands out the next number$/m);
    expect(text).toMatch(/^POST +\/v1\/cluster\/leader\/transfer /m);
    expect(text).toMatch(/^GET +\/readyz /m);
  });

  test("as JSON by Accept", async () => {
    const reply = await request(node.url).get("/").set("Accept", "application/json");
    const next = { method: "POST", path: "/next", summary: "hands out the next number" };
    expect(reply.body).toMatchObject({ version: "0.0.0-test" });
    expect(jsonOf(reply)["calls"]).toContainEqual(next);
  });
});

describe("every answer in JSON", () => {
  it.each(["/", "/get", "/count", "/status", "/livez", "/readyz", "/nothing", "/next"])(
    "of GET %s ends with a newline",
    async (path) => {
      const { text } = await request(node.url).get(path).set("Accept", "application/json");
      expect(text).toMatch(/^\{.*\}\n$/);
    },
  );
});
