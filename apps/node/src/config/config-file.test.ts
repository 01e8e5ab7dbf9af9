import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { configFileMaxBytes } from "./config-file.ts";
import { readConfig, type ConfigResult } from "./config.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "counter-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(text: string, name: string = "node.yaml"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function given(
  text: string,
  more: { args?: string[]; environment?: Record<string, string>; name?: string } = {},
): Promise<ConfigResult> {
  const path = await fileOf(text, more.name);
  return readConfig([`--config=${path}`, ...(more.args ?? [])], more.environment ?? {});
}

function problemsOf(result: ConfigResult): string {
  if (result.kind !== "problems") throw new Error(`no problem: ${JSON.stringify(result)}`);
  return result.problems.join("\n");
}

describe("--config", () => {
  it("takes settings from YAML: numbers, texts, lists in either spelling", async () => {
    const text = 'port: 8081\npeers: [8082, "127.0.0.1:8083"]\n# a comment\nlog-format: json\n';
    expect(await given(text)).toMatchObject({
      kind: "config",
      config: {
        port: 8081,
        peers: ["127.0.0.1:8082", "127.0.0.1:8083"],
        logFormat: "json",
      },
    });
    expect(await given("peers: 8082,8083\n")).toMatchObject({ config: { peers: { length: 2 } } });
  });

  it("takes them from JSON as well", async () => {
    const text = '{"mode": "eventual", "port": 8081, "heartbeat": "2s"}';
    expect(await given(text, { name: "node.json" })).toMatchObject({
      config: { mode: "eventual", port: 8081, heartbeatMs: 2000 },
    });
  });

  it("stands behind the environment, and that behind the flags", async () => {
    const text = "port: 8081\nid: from-file\nlog-level: debug\n";
    const environment = { COUNTER_ID: "from-environment", COUNTER_PORT: "8082" };
    expect(await given(text, { environment, args: ["--port=8083"] })).toMatchObject({
      config: { port: 8083, label: "from-environment", logLevel: "debug" },
    });
  });

  it("may itself be named by the environment", async () => {
    const path = await fileOf("port: 8084\n");
    expect(await readConfig([], { COUNTER_CONFIG: path })).toMatchObject({
      config: { port: 8084 },
    });
  });

  it.each([
    { text: "prot: 8081\n", says: "prot is unknown: did you mean port?" },
    { text: "config: other.yaml\n", says: "cannot be in one" },
    { text: "port: [1, 2]\n", says: "port has one value" },
    { text: "peers: {a: b}\n", says: "a text, a number or a list" },
    { text: "- port\n", says: "settings are written name: value" },
    { text: "port: 8081\nport: 8082\n", says: "Map keys must be unique" },
    { text: "port: 0x10\n", says: "node.yaml: port:" },
    { text: "port: 99999\n", says: "node.yaml: port:" },
    { text: "heartbeat: 1s\n", says: "belongs to --mode=eventual" },
    { text: "a: &a [b]\npeers: *a\n", says: "cannot be read" },
  ])("refuses $text and says why", async ({ text, says }) => {
    expect(problemsOf(await given(text))).toContain(says);
  });

  it("refuses a file that is not there, or is too large to be one of settings", async () => {
    expect(problemsOf(await readConfig(["--config=/nowhere/at-all.yaml"], {}))).toContain("ENOENT");
    const line = "id: n1\n";
    const most = `${line}#${"x".repeat(configFileMaxBytes - line.length - 1)}`;
    expect((await given(most)).kind).toBe("config");
    expect(problemsOf(await given(`${most}x`))).toContain(`at most ${configFileMaxBytes}`);
  });

  it("that holds nothing but comments changes nothing", async () => {
    expect((await given("# nothing yet\n")).kind).toBe("config");
  });
});

describe("--print-config", () => {
  it("prints what a node would be started with, as a file that says the same", async () => {
    const path = await fileOf("id: n1\npeers: [8082, 8083]\n");
    const args = [`--config=${path}`, "--port=8081", "--print-config"];
    const printed = await readConfig(args, { COUNTER_LOG_LEVEL: "warn" });
    if (printed.kind !== "text") throw new Error("nothing is printed");
    expect(printed.text).toContain('# from --port\nport: "8081"');
    expect(printed.text).toContain("# from COUNTER_LOG_LEVEL");
    expect(printed.text).toContain("# host: 127.0.0.1");
    const plain = await readConfig(args.slice(0, 2), { COUNTER_LOG_LEVEL: "warn" });
    if (plain.kind !== "config") throw new Error("it cannot be taken");
    const again = await given(printed.text, { name: "again.yaml" });
    const config = { ...plain.config, configFile: expect.stringMatching(/again/) as string };
    expect(again).toEqual({ kind: "config", config });
  });

  it("says what is wrong instead of printing it", async () => {
    expect(problemsOf(await readConfig(["--port=x", "--print-config"], {}))).toContain("--port");
    expect(problemsOf(await readConfig(["--print-config=yes"], {}))).toContain("takes no value");
  });
});
