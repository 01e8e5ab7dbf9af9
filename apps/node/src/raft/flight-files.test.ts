import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MemoryNetwork, MemoryStorage, RaftNode, readRecording } from "@counter/raft";

import { FlightFiles, recordingsKept } from "./flight-files.ts";
import { logTo } from "../test-support/log-lines.ts";
import { TestNodes } from "../test-support/test-node.ts";

const nodes = new TestNodes();
const folders: string[] = [];

afterEach(async () => {
  await nodes.end();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "counter-flight-"));
  folders.push(folder);
  return folder;
}

async function recordingIn(
  folder: string,
  name: string,
): Promise<ReturnType<typeof readRecording>> {
  return readRecording((await readFile(join(folder, name), "utf8")).split("\n"));
}

/** A Raft node in memory, alone in its cluster, and somebody who can send it anything. */
async function startWatched(folder: string, lines: string[] = []) {
  const files = new FlightFiles({ folder, release: "1.2.3", log: logTo(lines) });
  const network = new MemoryNetwork();
  const stranger = network.transport("b");
  stranger.start({ receive: () => undefined, unreachable: () => undefined });
  const node = await RaftNode.start({
    id: "a",
    members: [{ id: "a", address: "a" }],
    stateMachine: {
      apply: (commands) => commands.map(() => null),
      snapshot: () => [],
      restore: () => Promise.resolve(),
    },
    storage: new MemoryStorage(),
    transport: network.transport("a"),
    observer: files.beside({}),
    tickMs: 2,
  });
  await node.waitForLeader();
  return { files, node, stranger };
}

describe("recordings of a node", () => {
  test("are written on request, readable by their owner, and the node goes on", async () => {
    const { node, config } = await nodes.single();
    await node.record();
    const recording = await recordingIn(config.dataDir, "flight-1.ndjson");
    expect(recording).toMatchObject({ release: "0.0.0-test", error: null });
    expect(recording.inputs.length).toBeGreaterThan(0);
    const { mode } = await stat(join(config.dataDir, "flight-1.ndjson"));
    expect(mode & 0o077).toBe(0);
    expect(await Promise.race([node.stopped, Promise.resolve("running")])).toBe("running");
  });

  test("are few: the oldest goes when there are more", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "crash-1.ndjson"), "another kind");
    const { files, node } = await startWatched(folder);
    for (let count = 0; count < recordingsKept + 2; count += 1) await files.save("flight");
    const kept = ["crash-1.ndjson", "flight-3.ndjson", "flight-4.ndjson", "flight-5.ndjson"];
    expect((await readdir(folder)).sort()).toEqual(kept);
    await node.stop();
  });

  test("whoever asks while one is being written gets that one", async () => {
    const folder = await newFolder();
    const { files, node } = await startWatched(folder);
    await Promise.all([files.save("flight"), files.save("flight"), files.save("crash")]);
    expect((await readdir(folder)).sort()).toEqual(["crash-1.ndjson", "flight-1.ndjson"]);
    await node.stop();
  });

  test("an invariant that breaks leaves one, and the log says how to see it", async () => {
    const folder = await newFolder();
    const lines: string[] = [];
    const { files, node, stranger } = await startWatched(folder, lines);
    const { term } = node.status();
    const about = { prevIndex: 0, prevTerm: 0, entries: [], commitIndex: 0, readRound: 0 };
    stranger.send({ type: "appendEntries", from: "b", to: "a", term, ...about });
    expect(await node.stopped).toMatchObject({ code: "RAFT_INVARIANT" });
    await files.settled();
    const { error, inputs } = await recordingIn(folder, "crash-1.ndjson");
    expect(error).toBe("InvariantError: a term has one leader");
    expect(inputs.at(-1)?.input).toMatchObject({ message: { from: "b" } });
    const path = join(folder, "crash-1.ndjson");
    expect(lines).toEqual([
      `error: flight recording written; to see it: npm run replay -- ${path}`,
    ]);
  });

  test("a disk that fails is no bug of ours and leaves none", async () => {
    const folder = await newFolder();
    const { files, node } = await startWatched(folder);
    files.beside({}).onFatal?.(Object.assign(new Error("EIO"), { code: "EIO" }));
    await files.settled();
    expect(await readdir(folder)).toEqual([]);
    await node.stop();
  });

  test("a folder that cannot be written is told, and nothing else happens", async () => {
    const folder = await newFolder();
    const lines: string[] = [];
    const { files, node } = await startWatched(folder, lines);
    await mkdir(join(folder, ".writing-flight"));
    await files.save("flight");
    expect(lines).toEqual(["error: the flight recording cannot be written"]);
    await node.stop();
  });
});
