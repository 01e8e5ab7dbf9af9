/** The example that is a member of a Serf cluster, among real agents. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { Agent, hasSerf, until } from "./agents.ts";

if (!hasSerf()) process.stderr.write("Skipped: there is no `serf` here (apt-get install serf).\n");
const describeWithSerf = hasSerf() ? describe : describe.skip;

/** Compiled beside the package that it imports. */
function compiled(example: string): string {
  const source = readFileSync(join(__dirname, `../../../examples/${example}/main.ts`), "utf8");
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  const directory = join(__dirname, "../dist/examples");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${example}.mjs`);
  writeFileSync(file, outputText);
  return file;
}

describeWithSerf("examples/join-serf", () => {
  it("is a member of the cluster, hears an event, and leaves when it is told to end", async () => {
    const agent = await Agent.start("one");
    const args = [compiled("join-serf"), "127.0.0.1", agent.address];
    const example = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    try {
      let printed = "";
      example.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      const name = `example-${example.pid}`;
      const status = async (): Promise<string | undefined> => (await agent.member(name))?.status;
      await until(async () => (await status()) === "alive", "the example to be a member");
      expect((await agent.member(name))?.tags).toEqual({ role: "example" });
      await until(() => printed.includes("join one"), "the agent to be told of");
      await agent.command("event", "deploy", "now");
      await until(() => printed.includes("event deploy now"), "the event");
      const ended = once(example, "exit");
      example.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
      await until(async () => (await status()) === "left", "its goodbye");
    } finally {
      example.kill("SIGKILL");
      await agent.kill();
    }
  });
});
