/** A node that joins asks whoever listens at an address: here, servers that are no nodes of ours. */
import { answerMaxBytes } from "./asking.ts";
import { askForMembership, askToJoin, findCluster, type Asking } from "./joining.ts";
import { Servers } from "../test-support/answering.ts";

const servers = new Servers();
const ending = new AbortController();

afterEach(() => servers.close());
afterAll(() => ending.abort());

function answering(body: unknown, status: number = 200): Promise<string> {
  return servers.serve((_, reply) => reply.writeHead(status).end(JSON.stringify(body)));
}

function membership(clusterId: string): Readonly<Record<string, unknown>> {
  const members = [{ id: "a", address: "a:1", role: "voter" }];
  return { clusterId, configurationIndex: 7, committed: true, leader: "a", members };
}

/** Asks these until each of them has been asked once, or one has answered. */
async function asked(
  seeds: readonly string[],
  ask: (asking: Asking) => Promise<unknown>,
): Promise<{ readonly answer: unknown; readonly reasons: readonly string[] }> {
  const reasons: string[] = [];
  const enough = new AbortController();
  const onWaiting = (reason: string): void => {
    if (reasons.push(reason) === seeds.length) enough.abort();
  };
  try {
    const answer = await ask({
      seeds: () => seeds,
      signal: enough.signal,
      onWaiting,
      timeoutMs: 200,
    });
    return { answer, reasons };
  } catch (error) {
    if (!enough.signal.aborted) throw error;
    return { answer: null, reasons };
  }
}

/** Why nothing was learnt from it. */
async function reasonOf(seed: string): Promise<string> {
  const { reasons } = await asked([seed], findCluster);
  return reasons.join("; ").replace(`${seed}: `, "");
}

const member = { id: "n4", address: "127.0.0.1:4" };

describe("what a stranger answers", () => {
  it.each([
    {
      what: "a page",
      body: "<html>",
      status: 200,
      says: "answers 200, not as a node of a cluster",
    },
    {
      what: "other JSON",
      body: "[1]",
      status: 200,
      says: "answers 200, not as a node of a cluster",
    },
    { what: "nothing", body: "", status: 200, says: "answers 200, not as a node of a cluster" },
    {
      what: "that it is not there",
      body: "",
      status: 404,
      says: "answers 404, not as a node of a cluster",
    },
    {
      what: "with a redirection",
      body: "",
      status: 302,
      says: "answers 302, not as a node of a cluster",
    },
    { what: "a problem", body: '{"detail":"not now"}', status: 503, says: "not now" },
    {
      what: "a problem without end",
      body: `{"detail":"${"x".repeat(9999)}"}`,
      status: 503,
      says: "x".repeat(300),
    },
  ])("$what: is told, and asked for again", async ({ body, status, says }) => {
    const headers = { location: "http://127.0.0.1:1/" };
    expect(
      await reasonOf(await servers.serve((_, reply) => reply.writeHead(status, headers).end(body))),
    ).toBe(says);
  });

  it.each([
    { ...membership("c"), clusterId: "" },
    { ...membership("c"), clusterId: "c".repeat(129) },
    { ...membership("c"), committed: undefined },
    { ...membership("c"), configurationIndex: -1 },
    { ...membership("c"), members: [{ id: "a" }] },
    { ...membership("c"), members: Array(257).fill({ id: "a", address: "a:1" }) },
  ])("is not believed if it has not the form of an answer: %#", async (body) => {
    expect(await reasonOf(await answering(body))).toMatch(/not as a node/);
  });

  test("is read up to its limit and no further", async () => {
    const text = JSON.stringify(membership("c"));
    const fits = await servers.serve((_, reply) => reply.end(text.padEnd(answerMaxBytes)));
    expect((await asked([fits], findCluster)).answer).toBe("c");
    const tooLong = await servers.serve((_, reply) => reply.end(text.padEnd(answerMaxBytes + 1)));
    expect(await reasonOf(tooLong)).toBe("answers too much");
    let sent = 0;
    const endless = await servers.serve((_, reply) => {
      const more = (): void => {
        while (!reply.destroyed && reply.write("x".repeat(16_384))) sent += 16_384;
      };
      reply.on("drain", more);
      more();
    });
    expect(await reasonOf(endless)).toBe("answers too much");
    expect(sent).toBeLessThan(100 * answerMaxBytes); // what lay in buffers, and not for ever
  });
});

describe("who does not answer", () => {
  test("is given up after a while, whether it says nothing or never ends", async () => {
    const silent = await servers.serve(() => undefined);
    expect(await reasonOf(silent)).toBe("has not answered within 200 ms");
    const dripping = await servers.serve((_, reply) => {
      const timer = setInterval(() => reply.write(" "), 20);
      reply.on("close", () => clearInterval(timer));
    });
    expect(await reasonOf(dripping)).toBe("has not answered within 200 ms");
  });

  test("is told apart: nobody there, and somebody who hangs up", async () => {
    expect(await reasonOf("127.0.0.1:1")).toBe("cannot be reached (ECONNREFUSED)");
    const rude = await servers.serve((incoming) => incoming.socket.destroy());
    expect(await reasonOf(rude)).toMatch(/^cannot be reached/);
    const half = await servers.serve((_, reply) => {
      reply.writeHead(200, { "content-length": 99 });
      reply.write("{");
      reply.socket?.end();
    });
    expect(await reasonOf(half)).not.toBe("");
  });

  test("costs the next one nothing but the wait", async () => {
    const silent = await servers.serve(() => undefined);
    const good = await answering(membership("c"));
    const { answer, reasons } = await asked(["127.0.0.1:1", silent, good], findCluster);
    expect(answer).toBe("c");
    expect(reasons).toHaveLength(2);
  });

  test("keeps nobody from ending, during an answer or between two", async () => {
    const stop = new AbortController();
    const silent = await servers.serve(() => stop.abort());
    const onWaiting = (): void => undefined;
    const finding = findCluster({ seeds: () => [silent], signal: stop.signal, onWaiting });
    await expect(finding).rejects.toThrow(/aborted/);
    const later = new AbortController();
    const pausing = findCluster({
      seeds: () => ["127.0.0.1:1"],
      signal: later.signal,
      onWaiting: () => setImmediate(() => later.abort()),
    });
    await expect(pausing).rejects.toThrow(/aborted/);
  });
});

describe("asking to be added", () => {
  const join = (asking: Asking): Promise<void> => askToJoin(member, { ...asking, clusterId: "c" });

  test("sends name and address as JSON, and goes on asking until the cluster agrees", async () => {
    const heard: string[] = [];
    const seed = await servers.serve((incoming, reply) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      incoming.on("end", () => {
        const { method, url, headers } = incoming;
        heard.push(`${method} ${url} ${headers["content-type"]} ${body}`);
        const agrees = heard.length === 3;
        reply.writeHead(agrees ? 201 : 503);
        reply.end(JSON.stringify(agrees ? membership("c") : { detail: "busy" }));
      });
    });
    const reasons: string[] = [];
    const { signal } = ending;
    await join({ seeds: () => [seed], signal, onWaiting: (reason) => reasons.push(reason) });
    const call = `POST /v1/cluster/members application/json ${JSON.stringify(member)}`;
    expect(heard).toEqual([call, call, call]);
    expect(reasons).toEqual([`${seed}: busy`]); // told once
  });

  test("takes no other cluster for its own", async () => {
    const seed = await answering(membership("d"), 201);
    const { reasons } = await asked([seed], join);
    expect(reasons).toEqual([`${seed}: it belongs to the cluster d, not to c`]);
  });

  it.each([307, 503])(
    "asks the leader that a node names with %s, and nobody beyond",
    async (status) => {
      const leader = await answering(membership("c"), 201);
      const naming = (address: string): Promise<string> => {
        const headers = { "counter-leader": address, location: "http://127.0.0.1:1/" };
        return servers.serve((_, reply) =>
          reply.writeHead(status, headers).end('{"detail":"not me"}'),
        );
      };
      const follower = await naming(leader);
      expect((await asked([follower], join)).reasons).toEqual([]);
      const lost = await naming(follower);
      expect((await asked([lost], join)).reasons).toEqual([`${lost}: not me`]);
      const lying = await naming("nowhere");
      expect((await asked([lying], join)).reasons[0]).toContain("is not an address");
    },
  );
});

test("who is asked for the members and does not tell them is nobody's trouble", async () => {
  const { signal } = ending;
  expect(await askForMembership(await answering({}), signal)).toBeNull();
  expect(await askForMembership("127.0.0.1:1", signal)).toBeNull();
  const told = await askForMembership(await answering(membership("c")), signal);
  expect(told).toMatchObject({ clusterId: "c", committed: true });
  const stop = new AbortController();
  const silent = await servers.serve(() => stop.abort());
  await expect(askForMembership(silent, stop.signal)).rejects.toThrow(/aborted/);
});
