/** Candidates with real files and real sockets, and what they answer to whoever asks. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import request from "supertest";
import winston from "winston";

import { BootstrapFile } from "./bootstrap/bootstrap-file.ts";
import { participantsMax } from "./bootstrap/rules.ts";
import type { Proposal } from "./bootstrap/types.ts";
import { readConfig } from "./config/config.ts";
import { openEventualDataDir } from "./data-dir/eventual-data-dir.ts";
import { newIdentity, readIdentity, writeIdentity } from "./data-dir/identity.ts";
import { memberIdOf } from "./membership/member-id.ts";
import { startRaftNode } from "./raft-node.ts";
import type { RunningNode } from "./process/running.ts";
import { jsonOf, refusalOf } from "./test-support/replies.ts";
import { configOf, listenAnywhere, TestNodes } from "./test-support/test-node.ts";
import { until } from "../e2e/support/until.ts";

const nodes = new TestNodes();
const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ending.splice(0).map((end) => end()));
  await nodes.end();
});

const path = "/v1/cluster/bootstrap";

interface Started {
  readonly url: string;
  readonly port: number;
  readonly starting: Promise<RunningNode>;
  readonly end: () => Promise<void>;
}

/** A candidate, which may never become more. */
async function candidate(folder: string, ...flags: readonly string[]): Promise<Started> {
  return candidateAt(await listenAnywhere(), folder, flags);
}

async function candidateAt(
  { server, port }: Awaited<ReturnType<typeof listenAnywhere>>,
  folder: string,
  flags: readonly string[],
): Promise<Started> {
  const own = [`--port=${port}`, `--data-dir=${folder}`, "--gossip-port=0"];
  const config = await configOf(...own, ...flags);
  const cancelling = new AbortController();
  const starting = startRaftNode({
    config,
    log: winston.createLogger({ silent: true }),
    logContext: { term: null },
    version: "0.0.0-test",
    server,
    tickMs: 10,
    cancel: cancelling.signal,
  });
  const end = async (): Promise<void> => {
    cancelling.abort();
    await starting.then(
      (node) => node.stop(),
      () => undefined, // it had not started, and does not any more
    );
  };
  ending.push(end);
  return { url: `http://127.0.0.1:${port}`, port, starting, end };
}

async function stateOf({ url }: Started): Promise<Readonly<Record<string, unknown>>> {
  let state: Readonly<Record<string, unknown>> = {};
  await until("it says what it is", async () => {
    const reply = await request(url).get(path);
    state = jsonOf(reply);
    return reply.status === 200;
  });
  return state;
}

test("three candidates become one cluster, and what was decided stays known", async () => {
  const first = await candidate(await nodes.directory(), "--bootstrap-expect=3");
  const flags = [`--join=${first.port}`, "--bootstrap-expect=3", "--cluster-id=blue"];
  const folders = await Promise.all([nodes.directory(), nodes.directory(), nodes.directory()]);
  const blue = await Promise.all(folders.map((folder) => candidate(folder, ...flags)));
  const running = await Promise.all(blue.map(({ starting }) => starting));
  await Promise.all(running.map(({ ready }) => ready));
  const states = await Promise.all(blue.map(stateOf));
  const clusterId = String(states[0]!["clusterId"]);
  expect(clusterId).toMatch(/^blue~[0-9a-f]{16}$/);
  for (const state of states) expect(state).toMatchObject({ state: "member", clusterId });
  for (const [place, { url }] of blue.entries()) {
    await request(url)
      .post("/next")
      .expect(200, `${place + 1}\n`);
    const about = await request(url).get(path).query({ proposal: clusterId });
    expect(jsonOf(about)).toMatchObject({ proposal: { id: clusterId, fate: "decided" } });
    const other = await request(url).get(path).query({ proposal: "other" });
    expect(jsonOf(other)).toMatchObject({ proposal: { id: "other", fate: "notHere" } });
  }
  // Who has no name, or another one, is not one of them.
  expect(await stateOf(first)).toMatchObject({ state: "candidate", clusterId: null });
});

describe("a lone candidate", () => {
  const others: readonly Proposal["participants"][number][] = Array.from(
    { length: participantsMax + 1 },
    (_, at) => ({ directoryId: at.toString(16).padStart(32, "0"), address: `127.0.0.1:${at + 1}` }),
  );
  const proposal = { clusterId: "c1", expect: 3, participants: others.slice(0, 3) };

  test("says what it waits for, wherever it is asked", async () => {
    const lone = await candidate(await nodes.directory(), "--bootstrap-expect=3");
    const waiting = "1 of 3 candidates found: waiting for 2 more started with --bootstrap-expect=3";
    await until("it waits", async () => (await stateOf(lone))["waiting"] === waiting);
    expect(await stateOf(lone)).toMatchObject({ state: "candidate", expect: 3, clusterId: null });
    expect((await request(lone.url).get("/readyz").expect(503)).text).toContain(waiting);
    const write = await request(lone.url).get("/status");
    expect(refusalOf(write)).toEqual([503, "starting"]);
    expect(write.text).toContain(waiting);
    await request(lone.url).get("/livez").expect(200);
    const members = jsonOf(await request(lone.url).get("/v1/members").expect(200));
    expect(members).toMatchObject({
      clusterId: null,
      members: [{ gossip: { state: "candidate" } }],
    });
    await lone.end();
    await expect(lone.starting).rejects.toThrow("the node stops before there is a cluster");
  });

  test("refuses what does not fit, and what is no proposal at all", async () => {
    const lone = await candidate(await nodes.directory(), "--bootstrap-expect=3");
    const { directoryId: to } = await stateOf(lone);
    const ask = (body: object) =>
      request(lone.url).post(path).set("content-type", "application/json").send(body);
    const body = { phase: "dry", to, proposal };
    const refused = await ask(body);
    expect(refusalOf(refused)).toEqual([409, "bootstrap-refused"]);
    expect(refused.text).toContain("not named there");
    expect(refusalOf(await ask({ ...body, to: "0".repeat(32) }))).toEqual([
      409,
      "bootstrap-refused",
    ]);
    const largest = { ...proposal, expect: 15, participants: others.slice(0, participantsMax) };
    expect((await ask({ ...body, proposal: largest })).status).toBe(409);
    for (const wrong of [
      {},
      { ...body, phase: "now" },
      { ...body, to: "me" },
      { ...body, more: true },
      { ...body, proposal: { ...proposal, expect: 0 } },
      { ...body, proposal: { ...proposal, expect: 16 } },
      { ...body, proposal: { ...proposal, clusterId: "c".repeat(129) } },
      { ...body, proposal: { ...proposal, clusterId: "a b" } },
      { ...body, proposal: { ...proposal, participants: [] } },
      { ...body, proposal: { ...proposal, participants: others } },
      { ...body, proposal: { ...proposal, participants: [{ ...others[0]!, address: "a~b" }] } },
    ]) {
      expect([wrong, refusalOf(await ask(wrong))]).toEqual([wrong, [400, "validation-failed"]]);
    }
    const bad = await request(lone.url).get(path).query({ proposal: "a b" });
    expect(refusalOf(bad)).toEqual([400, "validation-failed"]);
  });

  test("that is pledged is started as nothing else, and nowhere else", async () => {
    const folder = await nodes.directory();
    const first = await candidate(folder, "--bootstrap-expect=3");
    await stateOf(first);
    await first.end();
    // The same directory, pledged to somebody who is away: it is not started as anything else.
    const config = await configOf(`--port=${first.port}`, `--data-dir=${folder}`);
    const file = await BootstrapFile.open(folder, config.address);
    const own = { directoryId: file.kept.directoryId, address: config.address };
    const participants = [...others.slice(0, 2), own];
    await file.write({ ...proposal, participants });
    const plainly = nodes.start(await listenAnywhere(), folder);
    await expect(plainly).rejects.toMatchObject({ exitCode: 3 });
    const eventual = await readConfig(["--mode=eventual", `--data-dir=${folder}`], {});
    if (eventual.kind !== "config" || eventual.config.mode !== "eventual") throw new Error();
    const counting = openEventualDataDir(eventual.config, winston.createLogger({ silent: true }));
    await expect(counting).rejects.toMatchObject({ exitCode: 3 });
    const elsewhere = await candidate(folder, "--bootstrap-expect=3");
    await expect(elsewhere.starting).rejects.toMatchObject({ exitCode: 3 });
  });

  test("whose file is damaged does not begin: exit code 3", async () => {
    const folder = await nodes.directory();
    await writeFile(join(folder, "bootstrap.json"), "{");
    const damaged = await candidate(folder, "--bootstrap-expect=1");
    await expect(damaged.starting).rejects.toMatchObject({ exitCode: 3 });
  });
});

test("a node that only joins is waited for by nobody, and waits for the cluster itself", async () => {
  const [listening, folder] = await Promise.all([listenAnywhere(), nodes.directory()]);
  const joins = await candidate(await nodes.directory(), `--join=${listening.port}`);
  const flags = ["--bootstrap-expect=1", `--join=${joins.port}`];
  await until("it joins", async () => (await request(joins.url).get(path)).status === 200);
  const alone = await candidateAt(listening, folder, flags);
  const running = await Promise.all([alone.starting, joins.starting]);
  await Promise.all(running.map(({ ready }) => ready));
  const [first, second] = await Promise.all([stateOf(alone), stateOf(joins)]);
  expect(second["clusterId"]).toBe(first["clusterId"]);
});

describe("candidates whose coordinator was killed between their pledges and the end", () => {
  /** Three of them as such a moment leaves them behind; the first one coordinates. */
  async function afterTheKill(): Promise<{
    readonly proposal: Proposal;
    readonly folders: readonly string[];
    readonly startAll: () => Promise<readonly Started[]>;
  }> {
    const places = await Promise.all(
      [1, 2, 3].map(async (digit) => {
        const [listening, folder] = await Promise.all([listenAnywhere(), nodes.directory()]);
        const address = `127.0.0.1:${listening.port}`;
        return { listening, folder, address, directoryId: String(digit).repeat(32) };
      }),
    );
    const participants = places.map(({ directoryId, address }) => ({ directoryId, address }));
    const proposal = { clusterId: "c".repeat(32), expect: 3, participants };
    for (const [at, { folder, directoryId, address }] of places.entries()) {
      const pledge = at === 0 ? null : proposal;
      const content = { formatVersion: 1, directoryId, address, pledge };
      await writeFile(join(folder, "bootstrap.json"), JSON.stringify(content));
    }
    const flags = [`--join=${places[0]!.listening.port}`, "--bootstrap-expect=3"];
    const startAll = (): Promise<readonly Started[]> =>
      Promise.all(places.map(({ listening, folder }) => candidateAt(listening, folder, flags)));
    return { proposal, folders: places.map(({ folder }) => folder), startAll };
  }

  async function clusterOf(started: readonly Started[]): Promise<unknown> {
    const running = await Promise.all(started.map(({ starting }) => starting));
    await Promise.all(running.map(({ ready }) => ready));
    const states = await Promise.all(started.map(stateOf));
    const clusters = new Set(states.map((state) => state["clusterId"]));
    expect(clusters.size).toBe(1);
    return [...clusters][0];
  }

  test("are released when it comes back without a decision, and become a cluster after all", async () => {
    const { proposal, startAll } = await afterTheKill();
    expect(await clusterOf(await startAll())).not.toBe(proposal.clusterId);
  });

  test("begin with what it had decided, even if nobody else has heard of it", async () => {
    const { proposal, folders, startAll } = await afterTheKill();
    const { clusterId, participants } = proposal;
    const members = participants.map(memberIdOf);
    const own = participants[0]!;
    const config = await configOf(`--port=${own.address.split(":")[1]!}`);
    const decided = newIdentity(config, { kind: "decided", clusterId, members }, own.directoryId);
    await writeIdentity(folders[0]!, decided);
    expect(await clusterOf(await startAll())).toBe(clusterId);
    for (const folder of folders) expect(await readIdentity(folder)).toMatchObject({ members });
  });
});

test("a member that lost its identity.json does not pass for a new candidate: exit code 3", async () => {
  const folder = await nodes.directory();
  const alone = await candidate(folder, "--bootstrap-expect=1");
  const node = await alone.starting;
  await node.ready;
  await node.stop();
  await rm(join(folder, "identity.json"));
  const again = await candidate(
    folder,
    "--bootstrap-expect=1",
    `--advertise=127.0.0.1:${alone.port}`,
  );
  await expect(again.starting).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining("has a log but no identity.json") as string,
  });
});

test("a node of a cluster that a person has listed pledges itself to nothing, and is joined", async () => {
  const listed = await nodes.seed();
  const { clusterId } = listed.config;
  const state = jsonOf(await request(listed.url).get(path).expect(200));
  expect(state).toMatchObject({ state: "member", clusterId, expect: null });
  const asking = { phase: "pledge", to: state["directoryId"] };
  const participants = [{ directoryId: "0".repeat(32), address: "127.0.0.1:1" }];
  const body = { ...asking, proposal: { clusterId: "c1", expect: 1, participants } };
  const refused = await request(listed.url).post(path).send(body);
  expect(refusalOf(refused)).toEqual([409, "bootstrap-refused"]);
  const seed = `--join=${listed.config.port}`;
  const later = await candidate(await nodes.directory(), "--bootstrap-expect=1", seed);
  await (
    await later.starting
  ).ready;
  expect(await stateOf(later)).toMatchObject({ state: "member", clusterId });
});
