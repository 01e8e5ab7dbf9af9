/** Named counters on a real cluster: forwarded, counted once, whoever leads and whoever has died. */
import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { headerOf, type Reply } from "./support/http.ts";
import { until } from "./support/until.ts";

interface Write {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As a client would: again, as long as the node has no answer. */
function answered(node: ClusterNode, { method, path, body, headers }: Write): Promise<Reply> {
  return until(`${method} ${path} is answered`, async () => {
    const reply = await node.call(method, path, {
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (reply.status >= 500) throw new Error(`${reply.status} ${reply.text}`);
    return reply;
  });
}

/** What is the same in every answer to one request; a refusal also says who told it, and in which trace. */
function answerOf({ status, text }: Reply): readonly [number, string] {
  return [status, text.replace(/"(node|traceId)":"[^"]*"/g, "")];
}

function everywhere(cluster: Cluster, write: Write): Promise<Reply[]> {
  return Promise.all(cluster.running.map((node) => answered(node, write)));
}

const keyed = (key: string): { readonly "idempotency-key": string } => ({ "idempotency-key": key });

const writes: readonly Write[] = [
  {
    method: "POST",
    path: "/v1/counters",
    body: { name: "seats", initial: "2", min: "0", labels: { hall: "1" } },
    headers: keyed("made"),
  },
  {
    method: "POST",
    path: "/v1/counters/orders/next",
    body: { count: 3 },
    headers: keyed("0190f5c2-7c1e-7b6a-9d53-0f0d4f6b2a11"),
  },
  { method: "POST", path: "/v1/counters/likes/add", body: { delta: "5" }, headers: keyed("five") },
  {
    method: "POST",
    path: "/v1/counters/seats/add",
    body: { delta: "-3" },
    headers: keyed("three-seats"),
  },
  {
    method: "POST",
    path: "/v1/counters/likes/cas",
    body: { expected: "4", value: "9" },
    headers: keyed("compare"),
  },
  {
    method: "POST",
    path: "/v1/batch",
    body: {
      ops: [
        { op: "add", counter: "likes", delta: 1 },
        { op: "next", counter: "orders" },
      ],
    },
    headers: keyed("both"),
  },
  { method: "DELETE", path: "/v1/counters/nothing", headers: keyed("gone") },
];

test("a request with a key is answered alike by every node, also when the leader was killed", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const first = [];
    for (const [place, write] of writes.entries()) {
      first.push(await answered(cluster.nodes[place % cluster.nodes.length]!, write));
    }
    expect(first.map(({ status }) => status)).toEqual([201, 200, 200, 409, 412, 200, 404]);
    await (await cluster.leader()).kill();
    for (const [place, write] of writes.entries()) {
      for (const again of await everywhere(cluster, write)) {
        expect(answerOf(again)).toEqual(answerOf(first[place]!));
        expect(headerOf(again, "idempotent-replayed")).toBe("true");
      }
    }
    const likes = await answered(cluster.running[0]!, {
      method: "GET",
      path: "/v1/counters/likes",
    });
    expect(JSON.parse(likes.text)).toMatchObject({ value: "6" });
  }));

test("a follower sends everything on and everything back: conditions, tags, tokens, places", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    await cluster.leader();
    const [follower] = await cluster.followers();
    const made = await answered(follower!, {
      method: "POST",
      path: "/v1/counters",
      body: { name: "a" },
      headers: keyed("a"),
    });
    expect([made.status, headerOf(made, "location")]).toEqual([201, "/v1/counters/a"]);
    const etag = headerOf(made, "etag")!;
    const put: Write = {
      method: "PUT",
      path: "/v1/counters/a/value",
      body: { value: "7" },
      headers: { ...keyed("put"), "if-match": etag, prefer: "return=minimal" },
    };
    const set = await answered(follower!, put);
    expect([set.status, headerOf(set, "preference-applied")]).toEqual([204, "return=minimal"]);
    const late = await answered(follower!, { ...put, headers: { "if-match": etag } });
    expect(late.status).toBe(412);
    const token = headerOf(set, "counter-version")!;
    const read = await answered(follower!, {
      method: "GET",
      path: "/v1/counters/a?consistency=local",
      headers: { "counter-at-least": token, prefer: "wait=30" },
    });
    expect(JSON.parse(read.text)).toMatchObject({ value: "7" });
    const same = await answered(follower!, {
      method: "GET",
      path: "/v1/counters/a?consistency=leader",
      headers: { "if-none-match": headerOf(set, "etag")! },
    });
    expect([same.status, same.text]).toEqual([304, ""]);
  }));

test("a session is known to every node, when the leader was killed and after all were", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const opened = await answered(cluster.nodes[1]!, { method: "POST", path: "/v1/sessions" });
    const { id } = JSON.parse(opened.text) as { id: string };
    const next = (seq: number, ack: number): Write => {
      const headers = { "counter-session": `${id}; seq=${seq}; ack=${ack}` };
      return { method: "POST", path: "/v1/counters/orders/next", headers };
    };
    const numbered = [next(1, 0), next(2, 0), next(3, 1)];
    const first: Reply[] = [];
    for (const [at, write] of numbered.entries()) {
      first.push(await answered(cluster.nodes[at]!, write));
    }
    const same = async (): Promise<void> => {
      for (const reply of await everywhere(cluster, next(1, 0))) {
        expect([reply.status, headerOf(reply, "counter-code")]).toEqual([
          422,
          "session-number-acknowledged",
        ]);
      }
      for (const at of [1, 2]) {
        for (const again of await everywhere(cluster, numbered[at]!)) {
          expect(answerOf(again)).toEqual(answerOf(first[at]!));
          expect(headerOf(again, "idempotent-replayed")).toBe("true");
        }
      }
    };
    await (await cluster.leader()).kill();
    await same();
    await Promise.all(cluster.running.map((node) => node.kill()));
    await cluster.start();
    await same();
    const last = await answered(cluster.nodes[0]!, next(4, 3));
    expect(JSON.parse(last.text)).toMatchObject({ first: "4" });
  }));
