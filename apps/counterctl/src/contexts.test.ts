import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Args } from "./args.ts";
import { contextsMaxBytes, contextsPath, readContexts, writeContexts } from "./contexts.ts";
import { connectionOf, tlsFilesOf, urlOf, usualEndpoint } from "./settings.ts";
import { noTls, pemMaxBytes, readTls } from "./tls.ts";

let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "contexts-"));
  path = join(dir, "deeper", "contexts.yaml");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const prod = { endpoints: ["http://10.0.0.5:8080"], tokenFile: null, tls: noTls };

describe("named clusters", () => {
  it("are none at first, and then what was written, for nobody else to read", async () => {
    expect(await readContexts(path)).toEqual({ current: null, contexts: {} });
    await writeContexts(path, { current: "prod", contexts: { prod } });
    expect(await readContexts(path)).toEqual({ current: "prod", contexts: { prod } });
    expect((await stat(path)).mode & 0o077).toBe(0);
  });

  it.each([
    ["a list", "- 1"],
    ["no YAML", "a: ["],
    ["a context without endpoints", "contexts: {a: {}}"],
    ["an endpoint that is no text", "contexts: {a: {endpoints: [1]}}"],
    ["a name that is no text", "current: 1"],
    ["certificates that are no paths", "contexts: {a: {endpoints: [], tls: {ca: 1}}}"],
    ["more than is read", `# ${"x".repeat(contextsMaxBytes)}`],
  ])("are refused when the file is %s", async (_, text) => {
    const file = join(dir, "contexts.yaml");
    await writeFile(file, text);
    await expect(readContexts(file)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("are where the environment says", () => {
    expect(contextsPath({ COUNTERCTL_CONFIG: "/x" })).toBe("/x");
    expect(contextsPath({ XDG_CONFIG_HOME: "/c" })).toBe("/c/counterctl/contexts.yaml");
    expect(contextsPath({})).toMatch(/\.config\/counterctl\/contexts\.yaml$/);
  });
});

describe("which cluster is meant", () => {
  const timeout = { timeout: "15" };
  const endpoints = async (
    given: Readonly<Record<string, unknown>>,
    env: NodeJS.ProcessEnv,
  ): Promise<readonly string[]> => {
    const all = { COUNTERCTL_CONFIG: path, ...env };
    return (await connectionOf(new Args({ ...timeout, ...given }), all)).endpoints;
  };

  it("is a flag, else the environment, else the context, else the usual port", async () => {
    const env = { COUNTERCTL_ENDPOINTS: "8081, b:1" };
    expect(await endpoints({}, {})).toEqual([`http://${usualEndpoint}`]);
    await writeContexts(path, { current: "prod", contexts: { prod } });
    expect(await endpoints({}, {})).toEqual(prod.endpoints);
    expect(await endpoints({}, env)).toEqual(["http://127.0.0.1:8081", "http://b:1"]);
    expect(await endpoints({ endpoints: ["a:1,a:2", "https://c"] }, env)).toEqual([
      ...["http://a:1", "http://a:2", "https://c"],
    ]);
    await expect(endpoints({ context: "other" }, {})).rejects.toThrow("there is no context other");
  });

  it("is written as people write it", () => {
    expect(urlOf("8080")).toBe("http://127.0.0.1:8080");
    expect(urlOf("host:1")).toBe("http://host:1");
    expect(urlOf("https://x/y")).toBe("https://x/y");
    expect([urlOf("8080", true), urlOf("host:1", true), urlOf("http://x", true)]).toEqual([
      ...["https://127.0.0.1:8080", "https://host:1", "http://x"],
    ]);
  });

  it("is told the token of a file, or of the environment", async () => {
    const file = join(dir, "token");
    await writeFile(file, "ctr_abc\n");
    const env = { COUNTERCTL_CONFIG: path, COUNTERCTL_TOKEN: "other" };
    const args = new Args({ ...timeout, "token-file": file });
    expect((await connectionOf(args, env)).token).toBe("ctr_abc");
    expect((await connectionOf(new Args(timeout), env)).token).toBe("other");
    await writeFile(file, "two words");
    await expect(connectionOf(args, env)).rejects.toThrow("must hold one token");
  });
});

describe("which certificates are used", () => {
  const env = { COUNTERCTL_CA: "e.ca", COUNTERCTL_CERT: "e.cert", COUNTERCTL_KEY: "e.key" };
  const context = { ca: "c.ca", cert: "c.cert", key: "c.key" };
  it.each([
    { flags: {}, env: {}, otherwise: noTls, used: noTls },
    { flags: {}, env: {}, otherwise: context, used: context },
    { flags: {}, env, otherwise: context, used: { ca: "e.ca", cert: "e.cert", key: "e.key" } },
    {
      ...{ flags: { ca: "f.ca" }, env: { COUNTERCTL_CA: "" }, otherwise: context },
      used: { ca: "f.ca", cert: "c.cert", key: "c.key" },
    },
    // The key of another certificate is of no use: the pair comes from one place.
    { flags: { cert: "f" }, env, otherwise: context, used: { ca: "e.ca", cert: "f", key: null } },
  ])("flags $flags, environment $env, context $otherwise.ca", ({ flags, otherwise, ...rest }) => {
    expect(tlsFilesOf(new Args(flags), rest.env, otherwise)).toEqual(rest.used);
  });

  it("refuses what is no certificate, is too large, is not there, or has no key", async () => {
    const file = join(dir, "file.pem");
    await writeFile(file, "x");
    await expect(readTls({ ...noTls, ca: file })).rejects.toThrow("no certificate and key in PEM");
    await writeFile(file, "x".repeat(pemMaxBytes + 1));
    await expect(readTls({ ...noTls, ca: file })).rejects.toThrow("more than");
    await expect(readTls({ ...noTls, ca: join(dir, "none") })).rejects.toThrow("--ca: cannot read");
    await expect(readTls({ ...noTls, cert: file })).rejects.toThrow("--cert-key");
    expect(await readTls(noTls)).toBeNull();
  });
});
