/** What people run is what was packed: its tree is read-only, and it is nobody in particular. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Service } from "kubernetes-models/v1/Service";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";

import { exchange } from "./support/http.ts";
import { freePorts } from "./support/ports.ts";
import { until } from "./support/until.ts";

const run = promisify(execFile);
const root = join(__dirname, "../../..");
/** Of the image. */
const userId = 10001;

let folder: string;
let server: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "counter-packed-"));
  await chmod(folder, 0o755);
  const args = [join(root, "tools/package-node.mjs"), `--out=${folder}`, "--commit=abc123"];
  await run(process.execPath, args);
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith(".tar.gz"));
  await run("sha256sum", ["--check", `${archive}.sha256`], { cwd: folder });
  const unpacked = join(folder, "unpacked");
  await mkdir(unpacked);
  await run("tar", ["-xzf", join(folder, archive!), "-C", unpacked]);
  server = join(unpacked, archive!.replace(".tar.gz", ""));
  await run("chmod", ["-R", "a-w", server]);
});
afterAll(async () => {
  await run("chmod", ["-R", "u+w", server]);
  await rm(folder, { recursive: true, force: true });
});

test("the packed server runs as another user on a tree that it cannot write to, and answers", async () => {
  const data = join(folder, "data");
  await mkdir(data);
  const [port] = await freePorts(1);
  const asOther = process.getuid?.() === 0 ? { uid: userId, gid: userId } : {};
  if ("uid" in asOther) await chown(data, userId, userId);
  const flags = [`--port=${port}`, `--data-dir=${data}`, "--gossip-port=off", "--drain-delay=1s"];
  const env = { PATH: process.env["PATH"] ?? "" };
  const bin = join(server, "bin/counter-node");
  const child = spawn(bin, flags, { ...asOther, cwd: "/", env, stdio: "inherit" });
  const helper = (name: string): number | null => {
    const args = [join(server, "bin", name), String(port)];
    return spawnSync(process.execPath, args, { ...asOther, env }).status;
  };
  try {
    const get = (path: string) => exchange({ port: port!, method: "GET", path });
    await until("it is ready", async () => (await get("/readyz")).status === 200);
    expect(helper("livez.mjs")).toBe(0);
    const next = await exchange({ port: port!, method: "POST", path: "/next" });
    expect(next.text).toBe("1\n");
    expect((await get("/metrics")).text).toContain('commit="abc123"');
    expect(helper("drain.mjs")).toBe(0);
    expect((await get("/readyz")).status).toBe(503);
  } finally {
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
  }
  expect(helper("livez.mjs")).toBe(1);
});

test("the packed server has no tests, no types and no links in it", async () => {
  const { stdout } = await run("find", [server, "-type", "l", "-o", "-name", "*.test.js"]);
  expect(stdout).toBe("");
  const own = await run("find", [join(server, "dist"), "-name", "*.d.ts"]);
  expect(own.stdout).toBe("");
});

/** Settings of a container or a unit are checked by the server itself. */
async function settingsOf(args: readonly string[], environment: Record<string, string>) {
  const env = { PATH: process.env["PATH"] ?? "", ...environment };
  const all = [join(root, "apps/node/dist/main.js"), ...args, "--print-config"];
  return run(process.execPath, all, { env });
}

function valueOf(document: { toJS(): unknown }): unknown {
  return document.toJS();
}

const models = {
  StatefulSet,
  Service,
  PodDisruptionBudget,
  NetworkPolicy,
};
const kindSchema = z.object({
  kind: z.enum(["StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy"]),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
});
const setSchema = z.object({
  spec: z.object({
    serviceName: z.string(),
    replicas: z.number(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        containers: z.tuple([z.object({ args: z.array(z.string()), name: z.string() })]),
      }),
    }),
  }),
});

async function manifests(): Promise<unknown[]> {
  const list = z
    .object({ resources: z.array(z.string()) })
    .parse(parse(await read("kustomization.yaml")));
  const texts = await Promise.all(list.resources.map((name) => read(name)));
  return texts.flatMap((text) => parseAllDocuments(text).map(valueOf));
}
const read = (name: string): Promise<string> =>
  readFile(join(root, "ops/kubernetes", name), "utf8");

describe("manifests of Kubernetes", () => {
  it("are what the API of Kubernetes takes", async () => {
    const found = await manifests();
    expect(found).toHaveLength(5);
    for (const one of found) {
      const { kind } = kindSchema.parse(one);
      const model: { validate(): void } = new models[kind](one as never);
      model.validate();
    }
  });

  it("would be refused with a mistake in them", () => {
    const wrong = { spec: { ports: "http" } };
    expect(() => new Service(wrong as never).validate()).toThrow();
  });

  it("give each pod settings that a node accepts, and names that lead to the others", async () => {
    const found = await manifests();
    const set = found.find((one) => kindSchema.parse(one).kind === "StatefulSet");
    const { serviceName, replicas, template } = setSchema.parse(set).spec;
    const { args } = template.spec.containers[0];
    const named = args.map((arg) => arg.replaceAll("$(POD_NAME)", "counter-1"));
    const { stdout } = await settingsOf(named, { COUNTER_DATA_DIR: "/data" });
    expect(stdout).toContain("id: counter-1\n");
    expect(stdout).toContain(`bootstrap-expect: "${replicas}"\n`);
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
      expect(stdout).toContain(`counter-${ordinal}.${serviceName}:8080`);
    }
    const names = found.map((one) => kindSchema.parse(one));
    expect(
      names.some(({ kind, metadata }) => kind === "Service" && metadata.name === serviceName),
    ).toBe(true);
    for (const { metadata } of names) expect(metadata.labels).toEqual(template.metadata.labels);
  });
});

/** What the image sets for every container. */
async function imageEnvironment(): Promise<Record<string, string>> {
  const text = await readFile(join(root, "ops/docker/Dockerfile"), "utf8");
  const pairs = [...text.matchAll(/^ENV (.*)$/gm)].flatMap(([, line]) => line!.split(" "));
  return z.record(z.string(), z.string()).parse(Object.fromEntries(pairs.map(named)));
}
function named(pair: string): [string, string] {
  const [name, value] = pair.split("=", 2);
  return [name!, value ?? ""];
}

test("what the image is built from lacks no file of the repository", async () => {
  const ignored = ["ls-files", "--cached", "--ignored", "--exclude-from=.dockerignore"];
  const { stdout } = await run("git", ignored, { cwd: root });
  expect(stdout).toBe("");
});

test("an image that is run without a secret refuses to listen to the network", async () => {
  const refused = { code: 2, stderr: expect.stringContaining("--peer-secret-file") as string };
  await expect(settingsOf([], await imageEnvironment())).rejects.toMatchObject(refused);
});

test("the nodes of compose.yml have settings that a node accepts", async () => {
  const image = await imageEnvironment();
  const text = await readFile(join(root, "ops/docker/compose.yml"), "utf8");
  const service = z.object({ environment: z.record(z.string(), z.string()) });
  const { services } = z
    .object({ services: z.record(z.string(), service) })
    .parse(parse(text, { merge: true }));
  expect(Object.keys(services)).toHaveLength(3);
  for (const [name, { environment }] of Object.entries(services)) {
    const { stdout } = await settingsOf([], { ...image, ...environment });
    expect(stdout).toContain(`id: ${name}\n`);
    expect(environment["COUNTER_JOIN"]).toContain(`${name}:8080`);
  }
});

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!hasSystemd) console.log("systemd-analyze is not installed: the unit is not looked at");
(hasSystemd ? test : test.skip)("the unit of systemd is valid, and exposes little", async () => {
  const text = await readFile(join(root, "ops/systemd/counter@.service"), "utf8");
  const units = join(folder, "units");
  await mkdir(units);
  const unit = join(units, "counter@.service");
  await writeFile(unit, text.replaceAll("/opt/counter", server));
  const { stdout, stderr } = await run("systemd-analyze", ["verify", unit]);
  expect(`${stdout}${stderr}`).not.toContain("counter@");
  // In tenths: 0 is none, 100 a service that may do anything.
  const limits = ["security", "--offline=true", "--threshold=20", unit];
  await run("systemd-analyze", limits);
});
