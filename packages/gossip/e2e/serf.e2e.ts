/** A member of this package among real agents of Serf, plain and encrypted. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { Keyring } from "../src/node/keyring.ts";
import { SerfNode } from "../src/node/serf-node.ts";
import type { SerfNodeOptions } from "../src/node/serf-options.ts";
import type { SerfUserEvent } from "../src/wire/serf-messages.ts";
import { encodeMessage } from "../src/wire/message-encoder.ts";
import { encodePacket } from "../src/wire/packet.ts";
import { localTiming } from "../src/core/options.ts";
import { Agent, hasSerf, until } from "./agents.ts";

if (!hasSerf()) process.stderr.write("Skipped: there is no `serf` here (apt-get install serf).\n");
const describeWithSerf = hasSerf() ? describe : describe.skip;

const key = randomBytes(32);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Two agents and one of our members. */
class Cluster {
  readonly ring: Keyring | undefined;
  readonly events: SerfUserEvent[] = [];
  readonly problems: string[] = [];
  readonly one: Agent;
  readonly two: Agent;
  ours!: SerfNode;

  private constructor(one: Agent, two: Agent, ring: Keyring | undefined) {
    this.one = one;
    this.two = two;
    this.ring = ring;
  }

  static async start(isEncrypted: boolean): Promise<Cluster> {
    const args = isEncrypted ? [`-encrypt=${key.toString("base64")}`] : [];
    const [one, two] = await Promise.all([Agent.start("one", args), Agent.start("two", args)]);
    const cluster = new Cluster(one, two, isEncrypted ? new Keyring(key) : undefined);
    const options = cluster.#options();
    cluster.ours = await SerfNode.start(
      cluster.ring === undefined ? options : { ...options, keyring: cluster.ring },
    );
    await two.command("join", one.address);
    return cluster;
  }

  standing(name: string): string | undefined {
    return this.ours.members().find((member) => member.name === name)?.standing;
  }

  async stop(): Promise<void> {
    await this.ours.close();
    await Promise.all([this.one.kill(), this.two.kill()]);
  }

  #options(): SerfNodeOptions {
    return {
      name: "ours",
      bindHost: "127.0.0.1",
      bindPort: 0,
      seeds: [this.one.address],
      timing: localTiming,
      tags: { role: "counter", zone: "ä" },
      onUserEvent: (event) => this.events.push(event),
      onQuery: ({ name, payload, from }) =>
        name === "whoami" ? Buffer.from(`ours, asked by ${from}: ${text(payload)}`) : null,
      observer: {
        onRefused: ({ reason, detail }) => this.problems.push(`${reason}: ${detail}`),
        onNotSent: (error) => this.problems.push(String(error)),
      },
    };
  }
}

describeWithSerf.each([
  { name: "a plain cluster", isEncrypted: false },
  { name: "an encrypted cluster", isEncrypted: true },
])("$name of two agents and one of our members", ({ isEncrypted }) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(isEncrypted);
  });
  afterAll(() => cluster.stop());
  membership(() => cluster);
  queriesAndEvents(() => cluster);
  doubtsAndEnds(() => cluster);
});

function membership(cluster: () => Cluster): void {
  it("is alive with its tags in `serf members` of both, and sees them with theirs", async () => {
    const { one, two, ours } = cluster();
    for (const agent of [one, two]) {
      await until(async () => (await agent.member("ours"))?.status === "alive", "alive");
      expect((await agent.member("ours"))?.tags).toEqual({ role: "counter", zone: "ä" });
    }
    await until(() => ours.members().length === 3, "three members");
    for (const { standing, tags, name } of ours.members()) {
      expect(standing).toBe("alive");
      expect(tags?.get("role")).toBe(name === "ours" ? "counter" : "agent");
    }
  });

  it("new tags reach the agents, and theirs reach us", async () => {
    const { two, ours } = cluster();
    await ours.setTags({ role: "counter", version: "2" });
    await until(async () => (await two.member("ours"))?.tags["version"] === "2", "new tags");
    await two.command("tags", "-set", "rack=7");
    const rack = (): string | undefined =>
      ours
        .members()
        .find(({ name }) => name === "two")
        ?.tags?.get("rack");
    await until(() => rack() === "7", "tags of an agent");
  });

  it("answers pings: `serf reachability` finds everybody, and nobody doubts it", async () => {
    const { one, two } = cluster();
    const report = await one.command("reachability");
    expect(report).toContain("live members: 3");
    expect(report).toContain("Successfully contacted all live nodes");
    expect(one.log + two.log).not.toMatch(/Suspect ours/i);
  });
}

function queriesAndEvents(cluster: () => Cluster): void {
  it("answers a query, with an acknowledgement, through others too", async () => {
    const { one } = cluster();
    const asked = JSON.parse(
      await one.command("query", "-format=json", "-relay-factor=1", "whoami", "please"),
    ) as { Acks: string[]; Responses: Record<string, string> };
    expect(asked.Acks.toSorted()).toEqual(["one", "ours", "two"]);
    expect(asked.Responses).toEqual({ ours: "ours, asked by one: please" });
  });

  it("a query that is not for it is not answered", async () => {
    const { one } = cluster();
    const asked = JSON.parse(
      await one.command("query", "-format=json", "-tag", "role=^agent$", "whoami", ""),
    ) as { Acks: string[] };
    expect(asked.Acks.toSorted()).toEqual(["one", "two"]);
  });

  it("asks a query that the agents acknowledge", async () => {
    const { two, ours } = cluster();
    const { acks, answers } = await ours.query("load", Buffer.from("?"), { timeoutMs: 2_000 });
    expect(acks.toSorted()).toEqual(["one", "two"]);
    expect(answers).toEqual([]);
    expect(two.log).toMatch(/query: load/);
  });

  it("hears an event once, and tells one", async () => {
    const { one, two, ours, events } = cluster();
    await two.command("event", "deploy", "v1.2.3");
    await until(() => events.length > 0, "an event");
    expect(events.map(({ name, payload }) => `${name} ${text(payload)}`)).toEqual([
      "deploy v1.2.3",
    ]);
    await ours.userEvent("from-ours", Buffer.from("hello"));
    for (const agent of [one, two]) {
      await until(() => agent.log.includes("user-event: from-ours"), "our event");
    }
    expect(events).toHaveLength(1);
  });

  it("keys are listed, and replaced while the cluster goes on", async () => {
    const { one, ring } = cluster();
    if (ring === undefined) {
      await expect(one.command("keys", "-list")).rejects.toMatchObject({ code: 1 });
      return;
    }
    const next = randomBytes(32).toString("base64");
    // An agent waits a second or two for all members, and says so when one was late: asked again.
    const done = (...asked: readonly string[]): Promise<void> =>
      until(
        () => one.command("keys", ...asked).then(Boolean, () => false),
        `keys ${asked[0] ?? ""}`,
      );
    const listed = (wanted: (list: string) => boolean): Promise<void> =>
      until(() => one.command("keys", "-list").then(wanted, () => false), "the list of keys");
    await done("-install", next);
    await listed((list) => list.includes(`${next}  [3/3]`)); // before anybody seals with it
    await done("-use", next);
    await done("-remove", key.toString("base64"));
    await listed(
      (list) => list.includes(`${next}  [3/3]`) && !list.includes(key.toString("base64")),
    );
    expect(ring.keys.map((own) => Buffer.from(own).toString("base64"))).toEqual([next]);
  });
}

function doubtsAndEnds(cluster: () => Cluster): void {
  it("refutes a doubt: its incarnation rises, and it stays alive", async () => {
    const { one, two, ours, ring } = cluster();
    const before = ours.gossip.status().incarnation;
    const doubt = encodeMessage({
      type: "suspect",
      incarnation: before,
      node: "ours",
      from: "two",
    });
    const wire = {
      label: new Uint8Array(0),
      cipher: ring ?? null,
      encryptionVersion: 1,
      verifyIncoming: true,
      verifyOutgoing: true,
    } as const;
    const packet = encodePacket([doubt], { crc: false, compress: false }, wire);
    const socket = createSocket("udp4");
    socket.send(packet, Number(one.address.split(":")[1]), "127.0.0.1");
    await until(() => ours.gossip.status().incarnation > before, "a refutation");
    socket.close();
    for (const agent of [one, two]) expect((await agent.member("ours"))?.status).toBe("alive");
  });

  it("a killed agent has failed here and there, and nothing was refused all the while", async () => {
    const { one, two, problems } = cluster();
    await two.kill();
    await until(() => cluster().standing("two") === "dead", "a failure");
    await until(async () => (await one.member("two"))?.status === "failed", "a failure there");
    expect((await one.member("ours"))?.status).toBe("alive");
    expect(problems).toEqual([]);
  });

  it("leaves as `left`", async () => {
    const { one, ours } = cluster();
    await ours.leave();
    await ours.close();
    await until(async () => (await one.member("ours"))?.status === "left", "left");
  });
}
