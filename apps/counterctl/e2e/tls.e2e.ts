/** counterctl against nodes that show certificates, and want one of everybody who connects. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { withCluster, type Cluster } from "../../node/e2e/support/cluster.ts";
import { Certificates, type Certified } from "../../node/src/test-support/certificates.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

async function withAuthority(test: (authority: Certificates) => Promise<void>): Promise<void> {
  const authority = await Certificates.create();
  try {
    await test(authority);
  } finally {
    await authority.end();
  }
}

const flagsOf = ({ cert, key }: Certified, ca: string): readonly string[] => [
  ...[`--tls-cert=${cert}`, `--tls-key=${key}`, `--tls-ca=${ca}`],
];
const addressesOf = ({ nodes }: Cluster): readonly string[] => nodes.map(({ address }) => address);
const envOf = (ca: string, { cert, key }: Certified): Readonly<Record<string, string>> => ({
  ...{ COUNTERCTL_CA: ca, COUNTERCTL_CERT: cert, COUNTERCTL_KEY: key },
});

/** One command of every group. */
async function operate(on: Terminal, folder: string): Promise<void> {
  await printed(on, "wait", "--ready", "--for", "100");
  expect(await printed(on, "add", "orders", "5")).toBe("5");
  expect(await printed(on, "next", "tickets")).toBe("1");
  expect(await printed(on, "watch", "orders", "--count", "1")).toMatch(/^orders 5/);
  const add = { op: "add", counter: "orders", delta: "2" };
  await printed({ ...on, input: JSON.stringify([add]) }, "batch");
  const first = { ...on, endpoints: on.endpoints.slice(0, 1) };
  const all = await printed(first, "status", "--all");
  expect(all.split("\n")).toHaveLength(4);
  expect(all).not.toContain("unreachable");
  expect((await printed(on, "members", "list")).split("\n")).toHaveLength(4);
  expect(await printed(on, "leader", "transfer")).toMatch(/ leads$/);
  await printed(first, "node", "drain");
  await printed(first, "node", "undrain");
  await printed(on, "wait", "--for", "100");
  const file = join(folder, "all.backup");
  await printed(on, "snapshot", "save", file);
  expect(await printed(on, "snapshot", "verify", file)).toContain("sound: 2 counters");
  const limits = ["--seconds", "3", "--patience", "100", "-o", "json"];
  const report: unknown = JSON.parse(await printed(on, "check", "exactly-once", ...limits));
  expect(report).toMatchObject({ ok: true, duplicates: 0, unsettled: 0, mode: "strong" });
  await printed(on, "doctor");
}

describe("a cluster that wants certificates of its clients", () => {
  it("does everything for one that has them from the environment, flags or a context", () =>
    withAuthority(async (authority) => {
      const { ca } = authority;
      const [node, client] = [await authority.sign("node"), await authority.sign("client")];
      const flags = [...flagsOf(node, ca), "--tls-client-auth=require"];
      await withCluster({ nodes: 3, flags }, async (cluster) => {
        for (const each of cluster.nodes) each.start();
        const endpoints = addressesOf(cluster);
        await operate({ endpoints, env: envOf(ca, client) }, cluster.folder);

        const config = { COUNTERCTL_CONFIG: join(cluster.folder, "contexts.yaml") };
        const tls = ["--ca", ca, "--cert", client.cert, "--cert-key", client.key];
        expect(await printed({ endpoints }, "get", "orders", ...tls)).toBe("7");
        const nowhere = { endpoints: [], env: config };
        await printed(nowhere, "context", "set", "prod", "-e", endpoints.join(","), ...tls);
        expect(await printed(nowhere, "get", "orders")).toBe("7");

        const quick = ["--timeout", "2"];
        const stranger = await Certificates.create();
        try {
          const foreign = { endpoints, env: envOf(ca, await stranger.sign("client")) };
          const trusting = { endpoints, env: { COUNTERCTL_CA: ca } };
          for (const on of [foreign, trusting]) {
            const refused = await run(on, "get", "orders", ...quick);
            expect(refused.code).toBe(5);
            expect(refused.error).toContain("wants a certificate of its clients");
          }
          const doubting = { endpoints, env: envOf(stranger.ca, client) };
          // Nothing was sent to a node that nobody vouches for: the outcome is not in doubt.
          const doubted = await run(doubting, "add", "orders", "1", ...quick);
          expect(doubted.code).toBe(5);
          expect(doubted.error).toContain("--ca ca.pem");
        } finally {
          await stranger.end();
        }
        const plain = endpoints.map((each) => `http://${each}`);
        const mistaken = await run({ endpoints: plain }, "get", "orders", ...quick);
        expect([mistaken.code, mistaken.error]).toEqual([5, expect.stringContaining("https://")]);
        expect(await printed(nowhere, "get", "orders")).toBe("7");
      });
    }));

  it("is not talked to where a file is missing, or is none", () =>
    withAuthority(async (authority) => {
      const { cert } = await authority.sign("client");
      const nonsense = join(authority.folder, "nonsense.pem");
      await writeFile(nonsense, "nonsense");
      for (const words of [
        ["--cert", cert],
        ["--ca", nonsense],
        ["--ca", join(authority.folder, "missing.pem")],
        ["--cert", cert, "--cert-key", cert],
      ]) {
        const refused = await run({ endpoints: ["127.0.0.1:9"] }, "get", "x", ...words);
        expect(refused).toMatchObject({ code: 2, out: "" });
      }
    }));
});

describe("a certificate that does not fit", () => {
  it.each([
    { what: "is for another host", names: "DNS:other.example", days: 2, hint: "subjectAltName" },
    { what: "is out of date", names: "IP:127.0.0.1", days: -1, hint: "Renew that certificate" },
  ])("says what to do when it $what", ({ names, days, hint }) =>
    withAuthority(async (authority) => {
      const node = await authority.sign("node", names, days);
      await withCluster({ nodes: 1, flags: flagsOf(node, authority.ca) }, async (cluster) => {
        for (const each of cluster.nodes) each.start();
        const on = { endpoints: addressesOf(cluster), env: { COUNTERCTL_CA: authority.ca } };
        const refused = await run(on, "add", "orders", "1", "--timeout", "10");
        expect([refused.code, refused.error]).toEqual([5, expect.stringContaining(hint)]);
      });
    }),
  );

  it("says so where no TLS is spoken", () =>
    withAuthority((authority) =>
      withCluster({ nodes: 1 }, async (cluster) => {
        await cluster.start();
        const on = { endpoints: addressesOf(cluster), env: { COUNTERCTL_CA: authority.ca } };
        const refused = await run(on, "get", "orders", "--timeout", "2");
        expect([refused.code, refused.error]).toEqual([5, expect.stringContaining("http://")]);
      }),
    ));
});
