import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Args } from "./args.ts";
import { contextsMaxBytes, contextsPath, readContexts, writeContexts } from "./contexts.ts";
import { connectionOf, urlOf, usualEndpoint } from "./settings.ts";

let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "contexts-"));
  path = join(dir, "deeper", "contexts.yaml");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const prod = { endpoints: ["http://10.0.0.5:8080"], tokenFile: null };

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
    expect(await endpoints({}, {})).toEqual([usualEndpoint]);
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
