import { readConfig } from "./config.ts";
import type { NodeConfig } from "./node-config.ts";

async function config(args: string): Promise<NodeConfig> {
  const result = await readConfig(args.split(" "), {});
  if (result.kind !== "config") throw new Error(JSON.stringify(result));
  return result.config;
}

async function problems(args: string): Promise<readonly string[]> {
  const result = await readConfig(args.split(" "), {});
  return result.kind === "problems" ? result.problems : [];
}

describe("eventual mode", () => {
  test("has times, limits and a place for its records that can be chosen", async () => {
    expect(await config("--mode=eventual --port=8080 --peers=8081,8080")).toMatchObject({
      mode: "eventual",
      address: "127.0.0.1:8080",
      peers: ["127.0.0.1:8081"],
      newNodes: [],
      heartbeatMs: 1000,
      antiEntropyMs: 1000,
      peerLogCapBytes: 67_108_864,
      storage: "file",
      peerSecretFile: null,
      resumeWaitMs: 1000,
    });
    const chosen = [
      "--mode=eventual --newnode=8083,localhost:8084 --newnode=8083 --heartbeat=200ms --storage=memory",
      "--anti-entropy=5s --peer-log-cap=2MiB --peer-secret-file=/run/secret --resume-wait=0",
    ];
    expect(await config(chosen.join(" "))).toMatchObject({
      newNodes: ["127.0.0.1:8083", "127.0.0.1:8084"],
      heartbeatMs: 200,
      antiEntropyMs: 5000,
      peerLogCapBytes: 2_097_152,
      storage: "memory",
      peerSecretFile: "/run/secret",
      resumeWaitMs: 0,
    });
  });

  test("takes more peers than a first configuration of raft has room for", async () => {
    const peers = Array.from({ length: 64 }, (_, place) => 9001 + place).join(",");
    expect((await config(`--mode=eventual --peers=${peers}`)).peers).toHaveLength(64);
    expect(await problems(`--mode=eventual --peers=${peers},9100`)).toEqual([
      "--peers: at most 64 peers",
    ]);
    expect(await problems(`--mode=eventual --peers=${peers} --join=9100`)).toEqual([
      "--peers and --join: at most 64 nodes together",
    ]);
  });

  test("may be told of nodes that only it asks, in the command line that all nodes have", async () => {
    const given = "--mode=eventual --peers=8082 --join=8081,localhost:8082,8083,8081";
    expect(await config(`${given} --port=8081`)).toMatchObject({
      peers: ["127.0.0.1:8082"],
      join: ["127.0.0.1:8083"],
    });
    expect(await config(`${given} --port=8081 --advertise=10.0.0.1:80`)).toMatchObject({
      join: ["127.0.0.1:8083"],
    });
    expect(await config("--mode=eventual --join=8080")).toMatchObject({ join: [] });
  });
});
