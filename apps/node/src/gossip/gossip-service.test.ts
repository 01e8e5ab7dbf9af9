import { SerfNode } from "@counter/gossip";
import winston from "winston";

import { quickTiming, tagsOf } from "../test-support/gossip.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { until } from "../../e2e/support/until.ts";
import { GossipFile } from "./gossip-file.ts";
import type { GossipStanding } from "./gossip-member.ts";
import { GossipService, type GossipServiceOptions } from "./gossip-service.ts";

const log = winston.createLogger({ silent: true });
const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});

async function start(
  name: string,
  options: Partial<GossipServiceOptions> = {},
): Promise<GossipService> {
  const service = await GossipService.start({
    name,
    bindHost: "127.0.0.1",
    port: 0,
    advertiseHost: null,
    tags: tagsOf({ id: name, dir: name.repeat(32).slice(0, 32) }),
    seeds: [],
    keys: null,
    file: null,
    status: () => ({ id: name }),
    log,
    timing: quickTiming,
    ...options,
  });
  running.push(service);
  return service;
}

/** A member of Serf that is no node of ours. */
async function agent(seed: GossipService): Promise<SerfNode> {
  const at = { bindHost: "127.0.0.1", bindPort: 0, seeds: [seed.address] };
  const serf = await SerfNode.start({ name: "agent", ...at, timing: quickTiming });
  running.push(serf);
  await until("the agent has joined", () => serf.gossip.status().live > 1);
  return serf;
}

const standingOf = (service: GossipService, name: string): GossipStanding | undefined =>
  service.members().find((member) => member.name === name)?.standing;

describe("a node in gossip", () => {
  it("is seen with its tags, and with those that it has later, told together", async () => {
    const a = await start("a");
    const b = await start("b", { seeds: [a.address] });
    const stateOf = (): string | undefined =>
      b.members().find(({ name }) => name === "a")?.node?.state;
    await until("b sees a", () => stateOf() === "voter");
    a.setTags({ ...a.tags, state: "learner" });
    a.setTags({ ...a.tags, state: "leader" });
    a.setTags({ ...a.tags, state: "learner" });
    a.setTags({ ...a.tags, state: "leader" });
    await until("b sees the last state", () => stateOf() === "leader");
    expect(b.summary()).toMatchObject({ name: "b", alive: 2, failed: 0 });
  });

  it("tells of changes, and ends telling when it ends", async () => {
    const a = await start("a");
    const seen: number[] = [];
    const reading = (async () => {
      const changes = a.changes(new AbortController().signal);
      while ((await changes.next()).done !== true) seen.push(a.members().length);
    })();
    await start("b", { seeds: [a.address] });
    await until("b is there", () => seen.at(-1) === 2);
    await a.close();
    await reading;
  });

  it("that says goodbye has left; that ends without a word has failed until it is back", async () => {
    const a = await start("a");
    const folder = await newFolder();
    const b = await start("b", { seeds: [a.address], file: await GossipFile.open(folder, log) });
    const c = await start("c", { seeds: [a.address] });
    // c as well: who knows nobody yet has nobody to say goodbye to.
    await until("all are there", () => [a, b, c].every((one) => one.summary().alive === 3));
    await c.leave();
    await c.close();
    await until("c has left", () => standingOf(a, "c") === "left");
    await b.close();
    await until("b has failed", () => standingOf(a, "b") === "failed");
    const file = await GossipFile.open(folder, log);
    expect(file.kept?.addresses).toEqual([a.address]);
    const port = Number(b.address.slice(b.address.lastIndexOf(":") + 1));
    await start("b", { file, port, seeds: file.kept?.addresses ?? [] });
    await until("b is back", () => standingOf(a, "b") === "alive");
    expect(a.members()).toHaveLength(3);
  });

  it("answers the query `status`, and no other", async () => {
    const a = await start("a", { status: () => ({ id: "a", state: "leader" }) });
    const serf = await agent(a);
    const ask = async (name: string): Promise<readonly string[]> => {
      const { answers } = await serf.query(name, new Uint8Array(0), { timeoutMs: 1000 });
      return answers.map(({ payload }) => new TextDecoder().decode(payload));
    };
    await until("it answers", async () => (await ask("status")).length > 0);
    expect(await ask("status")).toEqual(['{"id":"a","state":"leader"}']);
    expect(await ask("uptime")).toEqual([]);
    expect(a.members().find(({ name }) => name === "agent")?.node).toBeNull();
  });
});
