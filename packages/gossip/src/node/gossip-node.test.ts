import { once } from "node:events";
import { connect } from "node:net";
import { hex } from "../test-support/bytes.ts";
import { fastTiming, Members, memberEvent, standingOf, until } from "../test-support/members.ts";
import type { GossipRefusedError } from "./errors.ts";
import { GossipNode } from "./gossip-node.ts";
import { Keyring } from "./keyring.ts";
import { MemberEventHub } from "./member-events.ts";
import { formatAddress } from "./addresses.ts";

const members = new Members();
afterEach(() => members.closeAll());

describe("members over real sockets", () => {
  it("three members find each other through one seed", async () => {
    const a = await members.start("a");
    const b = await members.start("b", { seeds: [formatAddress(a.address)] });
    const c = await members.start("c", { seeds: [formatAddress(a.address)] });
    for (const node of [a, b, c]) {
      await until(() => node.status().live === 3);
      expect(
        node
          .members()
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(["a", "b", "c"]);
    }
  });

  it("with keys and a label they are members only for those who have both", async () => {
    const key = new Uint8Array(32).fill(5);
    const options = { label: "blue", keyring: new Keyring(key) };
    const a = await members.start("a", options);
    const b = await members.start("b", { ...options, keyring: new Keyring(key) });
    const stranger = await members.start("c", { ...options, label: "pink" });
    const plain = await members.start("d", { label: "blue" });
    expect(await b.join([formatAddress(a.address)])).toBe(1);
    expect(await stranger.join([formatAddress(a.address)])).toBe(0);
    expect(await plain.join([formatAddress(a.address)])).toBe(0);
    await until(() => a.status().live === 2);
    expect(
      a
        .members()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["a", "b"]);
  });

  it("a key is replaced by another without a member being lost", async () => {
    const [oldKey, newKey] = [new Uint8Array(16).fill(1), new Uint8Array(32).fill(2)];
    const rings = [new Keyring(oldKey), new Keyring(oldKey)];
    const a = await members.start("a", { keyring: rings[0]! });
    const b = await members.start("b", { keyring: rings[1]! });
    await b.join([formatAddress(a.address)]);
    for (const ring of rings) ring.install(newKey);
    rings[0]!.use(newKey); // and the other does not yet
    await a.updateMeta(hex("01"));
    await until(() => b.members().some(({ name, meta }) => name === "a" && meta[0] === 1));
    rings[1]!.use(newKey);
    for (const ring of rings) ring.remove(oldKey);
    await b.updateMeta(hex("02"));
    await until(() => a.members().some(({ name, meta }) => name === "b" && meta[0] === 2));
  });

  it("one that leaves has left, one that is closed has failed", async () => {
    const a = await members.start("a");
    const b = await members.start("b", { seeds: [formatAddress(a.address)] });
    const c = await members.start("c", { seeds: [formatAddress(a.address)] });
    await until(() => a.status().live === 3);
    await until(() => b.status().live === 3);
    await b.leave();
    await until(() => standingOf(a, "b") === "left");
    await c.close();
    await until(() => standingOf(a, "c") === "dead");
  });

  it("what is told to everybody and to one arrives, over packets and over streams", async () => {
    const got: string[] = [];
    const layer = {
      receive: ({ payload, reliable }: { payload: Uint8Array; reliable: boolean }) => {
        got.push(`${Buffer.from(payload.subarray(0, 5)).toString()} ${payload.length} ${reliable}`);
      },
      userState: () => new Uint8Array(0),
      mergeUserState: () => undefined,
    };
    const a = await members.start("a", { layer });
    const b = await members.start("b");
    await b.join([formatAddress(a.address)]);
    await b.broadcast(Buffer.from("hello"));
    await b.send("a", Buffer.from("quick"));
    await b.send("a", new Uint8Array(100_000).fill(120), { reliable: true });
    await until(() => new Set(got).size >= 3);
    expect(new Set(got)).toEqual(new Set(["hello 5 false", "quick 5 false", "xxxxx 100000 true"]));
    const tooLarge = b.broadcast(new Uint8Array(2_000));
    await expect(tooLarge).rejects.toMatchObject({
      reason: "tooLarge",
    } satisfies Partial<GossipRefusedError>);
    await expect(b.send("nobody", Buffer.from("x"))).rejects.toMatchObject({
      reason: "unknownMember",
    });
  });

  it("user state goes along with both directions of a push/pull", async () => {
    const heard: string[] = [];
    const layerOf = (name: string) => ({
      receive: () => undefined,
      userState: (join: boolean) => Buffer.from(`${name} ${join}`),
      mergeUserState: (state: Uint8Array) =>
        heard.push(`${name} hears ${Buffer.from(state).toString()}`),
    });
    const a = await members.start("a", { layer: layerOf("a") });
    const b = await members.start("b", { layer: layerOf("b") });
    await b.join([formatAddress(a.address)]);
    expect(heard.toSorted()).toEqual(["a hears b true", "b hears a false"]);
  });

  it("members over IPv6 find each other", async () => {
    const a = await members.start("a", { bindHost: "::1" });
    const b = await members.start("b", { bindHost: "::1", seeds: [formatAddress(a.address)] });
    await until(() => b.status().live === 2);
    expect(a.address.host).toBe("::1");
  });

  it("a member on both families meets one that has IPv4 alone", async () => {
    const a = await members.start("a", { bindHost: "::", advertiseHost: "127.0.0.1" });
    const b = await members.start("b");
    await a.join([formatAddress(b.address)]);
    await until(() => b.status().live === 2);
    // Probes over UDP go both ways: nobody is doubted for several probes.
    const doubts = memberEvent(a, "suspect", 300);
    expect(await doubts).toBeNull();
  });

  it("stays as it is whatever strangers send it", async () => {
    const a = await members.start("a");
    const b = await members.start("b", { seeds: [formatAddress(a.address)] });
    await until(() => a.status().live === 2);
    for (const bytes of ["06ff", "0a7fffffff", "09", "08 81 aa 557365724d73674c656e 05", "ff"]) {
      const socket = connect(a.address.port, a.address.host);
      socket.end(hex(bytes));
      await once(socket.resume(), "close");
    }
    await b.updateMeta(hex("07"));
    await until(() => a.members().some(({ meta }) => meta[0] === 7));
    expect(a.status().live).toBe(2);
  });

  it("close ends everything that waits", async () => {
    const a = await members.start("a");
    const events = a.events();
    await events.next();
    const waiting = events.next();
    await a.close();
    expect(await waiting).toEqual({ value: undefined, done: true });
    await expect(a.updateMeta(hex("01"))).rejects.toMatchObject({ code: "GOSSIP_CLOSED" });
    await a.close();
  });

  it("two members cannot have one port", async () => {
    const a = await members.start("a");
    const taken = GossipNode.start({
      name: "b",
      bindHost: "127.0.0.1",
      bindPort: a.address.port,
      timing: fastTiming,
    });
    await expect(taken).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("events", () => {
  it("begin with everybody and go on with each change", async () => {
    const a = await members.start("a");
    const events = a.events();
    expect((await events.next()).value).toMatchObject({
      type: "snapshot",
      members: [{ name: "a" }],
    });
    const b = await members.start("b");
    await b.join([formatAddress(a.address)]);
    expect((await events.next()).value).toMatchObject({ type: "join", member: { name: "b" } });
    await b.updateMeta(hex("05"));
    expect((await events.next()).value).toMatchObject({ type: "update", member: { name: "b" } });
    await b.leave();
    expect((await events.next()).value).toMatchObject({ type: "leave", member: { name: "b" } });
    await events.return?.();
    expect(await events.next()).toEqual({ value: undefined, done: true });
  });

  it("a reader that is too slow gets everybody again instead of what it missed", async () => {
    const member = {
      name: "a",
      address: { host: "127.0.0.1", port: 1 },
      meta: new Uint8Array(0),
      versions: null,
      standing: "alive",
      incarnation: 1,
      rttMs: null,
    } as const;
    const hub = new MemberEventHub(() => [member]);
    const reader = hub.subscribe();
    expect((await reader.next()).value).toMatchObject({ type: "snapshot" });
    const publish = (count: number): void => {
      for (let sequence = 1; sequence <= count; sequence += 1) {
        hub.publish({ type: "update", member, sequence, otherAddress: null });
      }
    };
    publish(1_024);
    for (let sequence = 1; sequence <= 1_024; sequence += 1) {
      expect((await reader.next()).value).toMatchObject({ sequence });
    }
    publish(1_025);
    expect((await reader.next()).value).toMatchObject({ type: "snapshot" });
    publish(1);
    expect((await reader.next()).value).toMatchObject({ type: "update", sequence: 1 });
  });
});
