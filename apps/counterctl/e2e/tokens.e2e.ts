/** counterctl against nodes that want tokens of clients and a secret of each other, also over TLS. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { newToken } from "@counter/node/offline";

import { withCluster, type Cluster } from "../../node/e2e/support/cluster.ts";
import { Certificates } from "../../node/src/test-support/certificates.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

const operator = newToken({ name: "ann", scopes: ["read", "write", "admin"] });
const reader = newToken({ name: "bob", scopes: ["read"] });

interface Files {
  readonly folder: string;
  readonly flags: readonly string[];
}

async function withFiles(test: (files: Files) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "counterctl-tokens-"));
  const put = (name: string, text: string): Promise<void> =>
    writeFile(join(folder, name), text, { mode: 0o600 });
  try {
    await put("tokens.json", JSON.stringify({ tokens: [operator.entry, reader.entry] }));
    await put("secret", `${randomBytes(32).toString("hex")}\n`);
    await put("token", `${operator.token}\n`);
    const auth = `--auth-file=${join(folder, "tokens.json")}`;
    const flags = [auth, `--peer-secret-file=${join(folder, "secret")}`];
    await test({ folder, flags });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What an operator does with a cluster, with a token that may. */
async function operate(on: Terminal): Promise<void> {
  expect(await printed(on, "add", "orders", "5")).toBe("5");
  expect(await printed(on, "next", "tickets")).toBe("1");
  expect((await printed(on, "status")).match(/\bleader\b/g)).toHaveLength(1);
  const first = { ...on, endpoints: on.endpoints.slice(0, 1) };
  const all = await printed(first, "status", "--all");
  expect(all.split("\n")).toHaveLength(4);
  expect(all).not.toContain("unreachable");
  expect((await printed(on, "members", "list")).split("\n")).toHaveLength(4);
  const limits = ["--seconds", "3", "--patience", "100", "-o", "json"];
  const report: unknown = JSON.parse(await printed(on, "check", "exactly-once", ...limits));
  expect(report).toMatchObject({ ok: true, duplicates: 0, unsettled: 0, mode: "strong" });
}

const addressesOf = ({ nodes }: Cluster): readonly string[] => nodes.map(({ address }) => address);

describe("a cluster that wants tokens", () => {
  it("does all that a token may, from the environment or a file, and says what to do without", () =>
    withFiles(({ flags, folder }) =>
      withCluster({ nodes: 3, flags }, async (cluster) => {
        await cluster.start();
        const on: Terminal = { endpoints: addressesOf(cluster) };
        await operate({ ...on, env: { COUNTERCTL_TOKEN: operator.token } });
        const file = ["--token-file", join(folder, "token")];
        expect(await printed(on, "get", "orders", ...file)).toBe("5");

        for (const words of [["add", "orders", "1"], ["members", "list"], ["status"], ["list"]]) {
          const without = await run(on, ...words);
          expect(without).toMatchObject({ code: 1, out: "" });
          expect(without.error).toMatch(/hint: Give a token with --token-file or COUNTERCTL_TOKEN/);
        }
        const stranger = { ...on, env: { COUNTERCTL_TOKEN: `ctr_${"x".repeat(43)}` } };
        const unknown = await run(stranger, "get", "orders");
        expect([unknown.code, unknown.error]).toEqual([
          1,
          expect.stringContaining("not known here"),
        ]);
        const lacking = { ...on, env: { COUNTERCTL_TOKEN: reader.token } };
        const refused = await run(lacking, "add", "orders", "1");
        expect([refused.code, refused.error]).toEqual([
          1,
          expect.stringContaining("lacks a scope"),
        ]);
        expect(await printed(lacking, "get", "orders")).toBe("5");
        for (const { lines } of cluster.nodes) {
          expect(lines.filter((line) => line.includes("proof of identity"))).toEqual([]);
        }
      }),
    ));

  it("is reached over TLS once counterctl knows the authority that signs its certificates", () =>
    withFiles(async ({ flags }) => {
      const authority = await Certificates.create();
      try {
        const { cert, key } = await authority.sign("node");
        const tls = [`--tls-cert=${cert}`, `--tls-key=${key}`, `--tls-ca=${authority.ca}`];
        await withCluster({ nodes: 3, flags: [...flags, ...tls] }, async (cluster) => {
          for (const node of cluster.nodes) node.start();
          const endpoints = addressesOf(cluster).map((address) => `https://${address}`);
          const token = { COUNTERCTL_TOKEN: operator.token };
          const on = { endpoints, env: { ...token, NODE_EXTRA_CA_CERTS: authority.ca } };
          await printed(on, "wait", "--ready", "--for", "100");
          await operate(on);
          const stranger = await run({ endpoints, env: token }, "get", "orders", "--timeout", "3");
          expect(stranger.code).toBe(5);
          expect(stranger.error).toContain("--ca ca.pem");
          const plain = await run({ endpoints: addressesOf(cluster), env: token }, "get", "orders");
          expect(plain.code).not.toBe(0);
        });
      } finally {
        await authority.end();
      }
    }));
});
