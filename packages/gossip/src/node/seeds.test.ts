import { thrown } from "../test-support/thrown.ts";
import { DnsServer } from "../test-support/dns-server.ts";
import { Members, until } from "../test-support/members.ts";
import type { Address } from "../types.ts";
import { formatAddress, parsePlace } from "./addresses.ts";
import {
  checkSeeds,
  nameService,
  SEED_ADDRESSES_MAX,
  SeedResolver,
  type SeedSource,
} from "./seeds.ts";

const members = new Members();
let dns: DnsServer;
beforeEach(async () => {
  dns = await DnsServer.start();
});
afterEach(async () => {
  await members.closeAll();
  await dns.close();
});

function resolver(source: SeedSource): SeedResolver {
  return new SeedResolver(source, nameService([dns.address]));
}

function texts(addresses: readonly Address[]): string[] {
  return addresses.map((address) => formatAddress(address)).toSorted();
}

describe("addresses as people write them", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1", 7946, false],
    ["10.0.0.1:80", "10.0.0.1", 80, false],
    ["[::1]:80", "::1", 80, false],
    ["[::1]", "::1", 7946, false],
    ["::1", "::1", 7946, false],
    ["2001:DB8::1", "2001:db8::1", 7946, false],
    ["[::ffff:10.0.0.1]:80", "10.0.0.1", 80, false],
    ["db-1.example.com:80", "db-1.example.com", 80, true],
    ["localhost", "localhost", 7946, true],
  ])("%s", (text, host, port, isName) => {
    expect(parsePlace(text)).toEqual({ host, port, isName });
  });

  it.each([
    "",
    ":80",
    "a:0",
    "a:65536",
    "[::1",
    "[zz]:1",
    "a b",
    "http://a:1",
    "[1::2::3]:4",
    "x".repeat(301),
  ])("%j is none", (text) => {
    expect(thrown(() => parsePlace(text))).toMatchObject({ code: "GOSSIP_ADDRESS" });
  });
});

describe("seeds", () => {
  it("a name stands for its addresses of both families", async () => {
    dns.records.set("gossip.test", { a: ["10.0.0.1", "10.0.0.2"], aaaa: ["2001:db8::1"] });
    dns.records.set("six.test", { aaaa: ["2001:db8::2"] });
    const { addresses, failures } = await resolver([
      "gossip.test:80",
      "six.test",
      "10.0.0.1:80",
    ]).resolve();
    expect(texts(addresses)).toEqual([
      "10.0.0.1:80",
      "10.0.0.2:80",
      "[2001:db8::1]:80",
      "[2001:db8::2]:7946",
    ]);
    expect(failures).toEqual([]);
  });

  it("a service stands for the addresses and ports of its members; one that is gone is passed", async () => {
    dns.records.set("_gossip._tcp.test", {
      srv: [
        { name: "one.test", port: 81 },
        { name: "two.test", port: 82 },
        { name: "gone.test", port: 83 },
      ],
    });
    dns.records.set("one.test", { a: ["10.0.0.1"] });
    dns.records.set("two.test", { a: ["10.0.0.2"] });
    const { addresses, failures } = await resolver(["srv:_gossip._tcp.test"]).resolve();
    expect(texts(addresses)).toEqual(["10.0.0.1:81", "10.0.0.2:82"]);
    expect(failures).toEqual([]);
  });

  it("what a name stood for holds while it cannot be looked up, and no longer than that", async () => {
    const seeds = resolver(["a.test", "b.test"]);
    dns.records.set("a.test", { a: ["10.0.0.1"] });
    const first = await seeds.resolve();
    expect(texts(first.addresses)).toEqual(["10.0.0.1:7946"]);
    expect(first.failures).toMatchObject([{ seed: "b.test", error: { code: "ENOTFOUND" } }]);
    dns.records.clear();
    dns.records.set("b.test", { a: ["10.0.0.2"] });
    const second = await seeds.resolve();
    expect(texts(second.addresses)).toEqual(["10.0.0.1:7946", "10.0.0.2:7946"]);
    dns.records.set("a.test", { a: ["10.0.0.3"] });
    expect(texts((await seeds.resolve()).addresses)).toEqual(["10.0.0.2:7946", "10.0.0.3:7946"]);
  });

  it("a function is asked each time; what it said before holds when it fails", async () => {
    let answer: readonly string[] | Error = ["10.0.0.1"];
    const seeds = resolver(() => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
    expect(texts((await seeds.resolve()).addresses)).toEqual(["10.0.0.1:7946"]);
    answer = new Error("not now");
    const failed = await seeds.resolve();
    expect(texts(failed.addresses)).toEqual(["10.0.0.1:7946"]);
    expect(failed.failures).toHaveLength(1);
    answer = ["10.0.0.2", "no address:"];
    const mixed = await seeds.resolve();
    expect(texts(mixed.addresses)).toEqual(["10.0.0.2:7946"]);
    expect(mixed.failures).toMatchObject([{ seed: "no address:" }]);
  });

  it("more addresses than there may be are cut off", async () => {
    const many = Array.from(
      { length: SEED_ADDRESSES_MAX + 1 },
      (_, i) => `10.0.${i >> 8}.${i & 255}`,
    );
    expect((await resolver(many).resolve()).addresses).toHaveLength(SEED_ADDRESSES_MAX);
  });

  it("a mistake in a list is told at once", () => {
    expect(() => checkSeeds(["10.0.0.1:99999"])).toThrow("no port");
    expect(() => checkSeeds(["srv:not a name"])).toThrow("is not an address");
    expect(() => checkSeeds(["srv:_gossip._tcp.example.com", "a:1"])).not.toThrow();
  });

  it("a member whose seed stands for nothing yet joins once it stands for somebody", async () => {
    const failed: string[] = [];
    const b = await members.start("b", {
      seeds: ["srv:_gossip._tcp.test"],
      seedLookupMs: 50,
      dnsServers: [dns.address],
      observer: { onSeedFailed: (seed) => failed.push(seed) },
    });
    await until(() => failed.length >= 2);
    const a = await members.start("a");
    dns.records.set("a.test", { a: ["127.0.0.1"], aaaa: ["::1"] });
    dns.records.set("_gossip._tcp.test", { srv: [{ name: "a.test", port: a.address.port }] });
    await until(() => b.status().live === 2);
  });
});
