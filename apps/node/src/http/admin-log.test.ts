/** What the logs of three real nodes say of what an operator does. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { until } from "../../e2e/support/until.ts";
import { newToken } from "../security/token-file.ts";
import { call, type Called } from "../test-support/calling.ts";
import { TestNodes, type TestNode } from "../test-support/test-node.ts";

const nodes = new TestNodes();
let cluster: TestNode[];
const operator = newToken({ name: "ann", scopes: ["admin", "read"] });
const writer = newToken({ name: "bob", scopes: ["write"] });

beforeAll(async () => {
  const folder = await nodes.directory();
  const [auth, secret] = [join(folder, "tokens.json"), join(folder, "secret")];
  const tokens = [operator.entry, writer.entry];
  await writeFile(auth, JSON.stringify({ tokens }), { mode: 0o600 });
  await writeFile(secret, "a secret of this cluster and no other", { mode: 0o600 });
  cluster = await nodes.three(`--auth-file=${auth}`, `--peer-secret-file=${secret}`);
  await Promise.all(cluster.map(({ node }) => node.ready));
});
afterAll(() => nodes.end());

const as = (who: { readonly token: string }, body?: object): Parameters<typeof call>[1] => ({
  headers: { authorization: `Bearer ${who.token}`, "content-type": "application/json" },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
const send = (
  { url }: TestNode,
  method: string,
  path: string,
  options: ReturnType<typeof as>,
): Promise<Called> => call(`${url}${path}`, { ...options, method });

/** Lines of all nodes that name somebody. */
const said = (): string[] =>
  cluster.flatMap(({ lines }) => lines).filter((line) => / by \S.*: \d{3}$/.test(line));

test("an operator's change is one line with who, what and the status, and no secret", async () => {
  const [one] = cluster as [TestNode];
  const before = said().length;
  expect((await send(one, "POST", "/v1/node/drain?timing", as(operator))).status).toBe(200);
  expect((await send(one, "POST", "/v1/node/undrain", as(operator))).status).toBe(200);
  expect(said().slice(before)).toEqual([
    "info: POST /v1/node/drain by ann: 200",
    "info: POST /v1/node/undrain by ann: 200",
  ]);
  expect(cluster.flatMap(({ lines }) => lines).join("\n")).not.toContain(operator.token);
});

test("what a follower passes on is told once, by the leader, with the name of who sent it", async () => {
  const learner = { id: "another", address: "127.0.0.1:1", voter: false };
  const before = said().length;
  const statuses: number[] = [];
  for (const node of cluster) {
    await until("the call is carried out", async () => {
      // Leadership may be on its way to another node.
      const reply = await send(node, "POST", "/v1/cluster/members", as(operator, learner));
      if (reply.status < 300) statuses.push(reply.status);
      return reply.status < 300;
    });
  }
  const lines = said().slice(before);
  const done = lines.filter((line) => / by ann: 20[01]$/.test(line));
  expect(lines.every((line) => line.includes("POST /v1/cluster/members by ann"))).toBe(true);
  expect(done.map((line) => Number(line.slice(-3))).sort()).toEqual(statuses.sort());
});

test("what is refused, only looked at, or no operator's business is not told", async () => {
  const [one] = cluster as [TestNode];
  const before = said().length;
  expect((await send(one, "GET", "/v1/cluster/members", as(operator))).status).toBe(200);
  expect((await send(one, "DELETE", "/v1/cluster/members/x", as(operator))).status).toBe(404);
  expect((await send(one, "POST", "/v1/node/drain", as(writer))).status).toBe(403);
  await until("a number is taken", async () => {
    return (await send(one, "POST", "/next", as(writer))).status === 200;
  });
  expect(said().slice(before)).toEqual([]);
});
