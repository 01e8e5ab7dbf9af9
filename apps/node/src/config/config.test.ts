import { clusterIdOf, isNamed } from "./cluster-id.ts";
import { readConfig } from "./config.ts";
import type { NodeConfig, RaftConfig } from "./node-config.ts";

async function config(args: string, environment: Record<string, string> = {}): Promise<NodeConfig> {
  const result = await readConfig(args.split(" ").filter(Boolean), environment);
  if (result.kind !== "config") throw new Error(JSON.stringify(result));
  return result.config;
}

async function raftConfig(args: string): Promise<RaftConfig> {
  const found = await config(args);
  if (found.mode !== "raft") throw new Error(found.mode);
  return found;
}

async function problems(
  args: string,
  environment: Record<string, string> = {},
): Promise<readonly string[]> {
  const result = await readConfig(args.split(" ").filter(Boolean), environment);
  return result.kind === "problems" ? result.problems : [];
}

describe("defaults", () => {
  test("the plain command is a cluster of one on the loopback interface", async () => {
    expect(await config("")).toMatchObject({
      mode: "raft",
      label: "node-8080",
      host: "127.0.0.1",
      port: 8080,
      address: "127.0.0.1:8080",
      peers: [],
      dataDir: "data/node-8080",
    });
  });

  test("label and data directory follow the port", async () => {
    expect(await config("--port=9000")).toMatchObject({
      label: "node-9000",
      dataDir: "data/node-9000",
    });
  });
});

describe("peers", () => {
  it.each([
    { given: "--peers=8081,8082", peers: ["127.0.0.1:8081", "127.0.0.1:8082"] },
    { given: "--peers=8081 --peers=8082", peers: ["127.0.0.1:8081", "127.0.0.1:8082"] },
    { given: "--peers 8081 --peers 8082", peers: ["127.0.0.1:8081", "127.0.0.1:8082"] },
    { given: "--peers=8082,8081,8081,", peers: ["127.0.0.1:8081", "127.0.0.1:8082"] },
    { given: "--peers=localhost:8081,LOCALHOST:8081", peers: ["127.0.0.1:8081"] },
    { given: "--peers=http://Node-2:8081/", peers: ["node-2:8081"] },
    { given: "--peers=http://node-2", peers: ["node-2:80"] },
    { given: "--peers=[::1]:8081", peers: ["[::1]:8081"] },
    { given: "--peers=8080,8081", peers: ["127.0.0.1:8081"] },
    { given: "--peers=localhost:8080,8081", peers: ["127.0.0.1:8081"] },
    { given: "--advertise=n1:80 --peers=n1:80,n2:80", peers: ["n2:80"] },
  ])("$given names $peers", async ({ given, peers }) => {
    expect((await config(given)).peers).toEqual(peers);
  });

  test("every node of a cluster derives the same cluster id, whatever the order", async () => {
    const first = await raftConfig("--port=1 --peers=2,3");
    const second = await raftConfig("--port=2 --peers=3,1");
    const stranger = await raftConfig("--port=3 --peers=1");
    expect(second.clusterId).toBe(first.clusterId);
    expect(stranger.clusterId).not.toBe(first.clusterId);
    const members = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];
    expect(first.clusterId).toBe(clusterIdOf(null, members));
    expect(first.clusterId).toMatch(/^[0-9a-f]{32}$/);
  });

  test("a cluster id that is given does not make up for another list of members", async () => {
    const first = await raftConfig("--port=1 --peers=2,3 --cluster-id=a");
    const second = await raftConfig("--port=2 --peers=3,1 --cluster-id=a");
    expect(first.clusterId).toMatch(/^a~[0-9a-f]{16}$/);
    expect(second.clusterId).toBe(first.clusterId);
    // Each lists the other, and their first entries would differ.
    const stranger = await raftConfig("--port=2 --peers=1 --cluster-id=a");
    expect(stranger.clusterId).not.toBe(first.clusterId);
    const renamed = await raftConfig("--port=1 --peers=2,3 --cluster-id=b");
    expect(renamed.clusterId).not.toBe(first.clusterId);
  });

  it.each([
    { clusterId: "a~0123456789abcdef", name: "a", named: true },
    { clusterId: "a", name: "a", named: true },
    { clusterId: "ab~0123456789abcdef", name: "a", named: false },
    { clusterId: "0123456789abcdef0123456789abcdef", name: "a", named: false },
  ])("$clusterId is called $name: $named", ({ clusterId, name, named }) => {
    expect(isNamed(clusterId, name)).toBe(named);
  });
});

describe("joining", () => {
  test("names nodes of the cluster, and nobody of a new one", async () => {
    const joins = await config("--port=4 --join=1,localhost:2,2,4");
    expect(joins).toMatchObject({ peers: [], join: ["127.0.0.1:1", "127.0.0.1:2"] });
  });
});

describe("environment", () => {
  test("a variable stands for its flag", async () => {
    const environment = { COUNTER_PORT: "9000", COUNTER_PEERS: "9002,9004", OTHER: "x" };
    expect(await config("", environment)).toMatchObject({
      port: 9000,
      peers: ["127.0.0.1:9002", "127.0.0.1:9004"],
    });
  });

  test("the flag wins", async () => {
    expect((await config("--port=9002", { COUNTER_PORT: "9000" })).port).toBe(9002);
  });

  test("a problem names the variable that caused it", async () => {
    expect(await problems("", { COUNTER_PORT: "none" })).toEqual([
      'COUNTER_PORT: "none" is not a whole number from 1 to 65535',
    ]);
  });
});

describe("times", () => {
  it.each([
    { text: "700", ms: 700 },
    { text: "700ms", ms: 700 },
    { text: "7s", ms: 7000 },
    { text: "1m", ms: 60_000 },
  ])("$text is $ms milliseconds", async ({ text, ms }) => {
    expect((await config(`--apply-timeout=${text}`)).applyTimeoutMs).toBe(ms);
  });
});

describe("what is refused", () => {
  it.each([
    { given: "--prot=1", says: "--prot is unknown: did you mean --port?" },
    { given: "--peer=1", says: "--peer is unknown: did you mean --peers?" },
    { given: "--port", says: "--port needs a value: write --port=<value>" },
    { given: "--port=", says: "--port needs a value: write --port=<value>" },
    { given: "--peers --port=8081", says: "--peers needs a value: write --peers=<value>" },
    { given: "--help=yes", says: "--help takes no value: write --help alone" },
    { given: "--version=false", says: "--version takes no value: write --version alone" },
    { given: "--frobnicate", says: "--frobnicate is unknown (see --help)" },
    { given: "serve", says: '"serve" was not expected: every setting is written --name=value' },
    { given: "--port=0", says: '--port: "0" is not a whole number from 1 to 65535' },
    { given: "--port=80 --port=81", says: "--port is given more than once" },
    { given: "--peers=8081,99999", says: "--peers: 99999 is not a port: use 1 to 65535" },
    {
      given: "--peers=https://a:1",
      says: '--peers: "https://a:1": write host:port, or http://host:port; with --tls-cert all nodes are asked over TLS',
    },
    {
      given: "--heartbeat=2s",
      says: "--heartbeat belongs to --mode=eventual, and this node has --mode=raft",
    },
    {
      given: "--newnode=8083",
      says: "--newnode belongs to --mode=eventual, and this node has --mode=raft; in raft mode start the new node with --join",
    },
    {
      given: "--mode=eventual --forward=off",
      says: "--forward belongs to --mode=raft, and this node has --mode=eventual",
    },
    {
      given: "--mode=eventual --newnode=8081,8080",
      says: "--newnode names this node itself: give the address of the further node, at any node that runs already",
    },
    {
      given: "--mode=eventual --peer-log-cap=lots",
      says: '--peer-log-cap: "lots" is not a number of bytes: write 512KiB, 64MiB or 1GiB',
    },
    {
      given: "--mode=eventual --peer-log-cap=1KiB",
      says: "--peer-log-cap: 1KiB is out of range: use 1MiB to 4GiB",
    },
    {
      given: "--mode=eventual --storage=cloud",
      says: '--storage: "cloud" is unknown: use file or memory',
    },
    {
      given: "--mode=eventual --host=0.0.0.0 --newnode=8081",
      says: "--host=0.0.0.0 means every interface, which is not an address that peers can use: add --advertise=host:port",
    },
    {
      given: "--peers=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
      says: "--peers: at most 14 peers in raft mode",
    },
    {
      given: "--cluster-id=a~b",
      says: '--cluster-id: a cluster id is 1 to 64 letters, digits, ".", "_" or "-"',
    },
    {
      given: "--peers=8081 --join=8082",
      says: "--peers names the members of a new cluster, --join those of an existing one: use one of them",
    },
    {
      given: "--join=8080",
      says: "--join names this node itself: name nodes of the cluster that it is to join",
    },
    {
      given: "--host=0.0.0.0 --join=8081",
      says: "--host=0.0.0.0 means every interface, which is not an address that peers can use: add --advertise=host:port",
    },
    { given: "--mode=paxos", says: '--mode: "paxos" is unknown: use raft or eventual' },
    { given: "--id=a/b", says: '--id: an id is 1 to 64 letters, digits, ".", "_" or "-"' },
    {
      given: "--apply-timeout=soon",
      says: '--apply-timeout: "soon" is not a time: write 500ms, 5s or 1h',
    },
    { given: "--apply-timeout=2h", says: "--apply-timeout: 2h is out of range: use 50ms to 1m" },
    {
      given: "--log-level=verbose",
      says: '--log-level: "verbose" is unknown: use error or warn or info or debug',
    },
    {
      given: "--host=0.0.0.0 --peers=8081",
      says: "--host=0.0.0.0 means every interface, which is not an address that peers can use: add --advertise=host:port",
    },
  ])("$given", async ({ given, says }) => {
    expect(await problems(given)).toEqual([says]);
  });

  test("an unknown COUNTER_ variable, with a hint", async () => {
    expect(await problems("", { COUNTER_PROT: "1" })).toEqual([
      "COUNTER_PROT is unknown: did you mean COUNTER_PORT?",
    ]);
  });

  test("all problems are told at once", async () => {
    expect(await problems("--port=x --nonsense --mode=paxos", { COUNTER_X: "1" })).toHaveLength(4);
  });
});
