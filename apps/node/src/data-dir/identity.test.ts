import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readConfig } from "../config/config.ts";
import type { RaftConfig } from "../config/node-config.ts";
import {
  checkIdentity,
  firstMembers,
  newIdentity,
  readIdentity,
  writeIdentity,
  type Identity,
} from "./identity.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "identity-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function configOf(...args: string[]): Promise<RaftConfig> {
  const result = await readConfig([`--data-dir=${dir}`, ...args], {});
  if (result.kind !== "config" || result.config.mode !== "raft")
    throw new Error(JSON.stringify(result));
  return result.config;
}

function refusalOf(check: () => unknown): unknown {
  try {
    return check();
  } catch (error) {
    return error;
  }
}

test("a directory that was never started has no identity", async () => {
  expect(await readIdentity(dir)).toBeNull();
});

test("an identity is read back as it was written, and nothing else is left behind", async () => {
  const identity = newIdentity(await configOf("--port=1", "--peers=2,3"));
  await writeIdentity(dir, identity);
  expect(await readIdentity(dir)).toEqual(identity);
  expect(await readdir(dir)).toEqual(["identity.json"]);
});

describe("a node that joins", () => {
  const clusterId = "a~0123456789abcdef";
  const joins = { kind: "join", clusterId } as const;

  test("has a name that nobody had before at its address, and the cluster's id", async () => {
    const config = await configOf("--port=4", "--join=1,2");
    const [one, other] = [newIdentity(config, joins), newIdentity(config, joins)];
    expect(one.nodeId).toMatch(/^127\.0\.0\.1:4~[0-9a-f]{8}$/);
    expect(other.nodeId).not.toBe(one.nodeId);
    expect(one).toMatchObject({ address: "127.0.0.1:4", clusterId, members: [] });
    expect(firstMembers(one)).toBe("join");
    await writeIdentity(dir, one);
    expect(await readIdentity(dir)).toEqual(one);
  });

  test("is started without --join as well, and told that --peers means nothing to it", async () => {
    const identity = newIdentity(await configOf("--port=4", "--join=1"), joins);
    expect(checkIdentity(identity, await configOf("--port=4"))).toEqual([]);
    const peers = await configOf("--port=4", "--peers=1,2");
    expect(checkIdentity(identity, peers)).toEqual([expect.stringMatching(/--peers is ignored/)]);
  });

  test("and was removed is refused with 4 and what to do", async () => {
    const config = await configOf("--port=4", "--join=1");
    const identity = { ...newIdentity(config, joins), joined: true, removed: true };
    expect(refusalOf(() => checkIdentity(identity, config))).toMatchObject({
      exitCode: 4,
      message: `${dir} belongs to ${identity.nodeId}, which was removed from its cluster for good. To take part again, move ${dir} away and start with --join=<address of a member>`,
    });
  });

  test("of a release that knew no names has its address as its name", async () => {
    const old: Partial<Record<keyof Identity, unknown>> = newIdentity(await configOf("--port=1"));
    delete old.nodeId;
    delete old.removed;
    await writeFile(join(dir, "identity.json"), JSON.stringify(old));
    expect(await readIdentity(dir)).toMatchObject({ nodeId: "127.0.0.1:1", removed: false });
  });
});

describe("a node whose first members were agreed on", () => {
  const directoryId = "0123456789abcdef".repeat(2);
  const members = ["127.0.0.1:2~00000000", "127.0.0.1:1~01234567"];

  test("has the id that was agreed on, and begins with exactly those members", async () => {
    const config = await configOf("--port=1", "--bootstrap-expect=2", "--join=2");
    const identity = newIdentity(config, { kind: "decided", clusterId: "c", members }, directoryId);
    expect(identity).toMatchObject({ directoryId, nodeId: members[1], clusterId: "c", members });
    expect(firstMembers(identity)).toEqual([
      { id: "127.0.0.1:2~00000000", address: "127.0.0.1:2" },
      { id: "127.0.0.1:1~01234567", address: "127.0.0.1:1" },
    ]);
    await writeIdentity(dir, identity);
    expect(await readIdentity(dir)).toEqual(identity);
    for (const flags of [["--bootstrap-expect=2"], ["--join=2"], []]) {
      expect(checkIdentity(identity, await configOf("--port=1", ...flags))).toEqual([]);
    }
    const named = await configOf("--port=1", "--peers=2,3");
    expect(checkIdentity(identity, named)).toEqual([expect.stringMatching(/--peers is ignored/)]);
  });
});

test("two directories of one address differ in their directory id", async () => {
  const config = await configOf();
  expect(newIdentity(config).directoryId).not.toBe(newIdentity(config).directoryId);
});

describe("an existing directory", () => {
  it.each([
    { now: ["--port=1", "--peers=2,3"], says: null, because: "nothing changed" },
    { now: ["--port=1", "--peers=3,2,1"], says: null, because: "the order does not matter" },
    {
      now: ["--port=1", "--peers=2,4"],
      says: /--peers is ignored/,
      because: "members are in the log",
    },
  ])("is started with $now: $because", async ({ now, says }) => {
    const identity = newIdentity(await configOf("--port=1", "--peers=2,3"));
    const warnings = checkIdentity(identity, await configOf(...now));
    if (says === null) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringMatching(says)]);
  });

  it.each([
    { now: ["--port=2", "--peers=1,3"], says: /belongs to the node at 127.0.0.1:1/ },
    {
      now: ["--port=1", "--cluster-id=other"],
      says: /belongs to the cluster [0-9a-f]{32}, not to/,
    },
  ])("is refused for $now", async ({ now, says }) => {
    const identity = newIdentity(await configOf("--port=1", "--peers=2,3"));
    const config = await configOf(...now);
    expect(() => checkIdentity(identity, config)).toThrow(says);
  });

  test("that has taken part may be started at another address, unless it was removed", async () => {
    const begun = newIdentity(await configOf("--port=1", "--peers=2,3"));
    const now = await configOf("--port=4");
    expect(checkIdentity({ ...begun, joined: true }, now)).toEqual([]);
    const removed = { ...begun, joined: true, removed: true };
    expect(refusalOf(() => checkIdentity(removed, now))).toMatchObject({ exitCode: 4 });
  });

  it.each(["a~0123456789abcdef", "a"])(
    "of the cluster %s is started with that name, whatever else was given",
    async (clusterId) => {
      const begun = await configOf("--port=1", "--peers=2,3", "--cluster-id=a");
      const identity = { ...newIdentity(begun), clusterId };
      expect(checkIdentity(identity, begun)).toEqual([]);
      const named = await configOf("--port=1", "--cluster-id=a");
      expect(checkIdentity(identity, named)).toEqual([expect.stringMatching(/--peers is ignored/)]);
      const other = await configOf("--port=1", "--peers=2,3", "--cluster-id=b");
      expect(() => checkIdentity(identity, other)).toThrow(/belongs to the cluster a/);
    },
  );

  it.each([
    { content: "{", says: /damaged or of a newer release/ },
    { content: '{"formatVersion":2,"mode":"raft"}', says: /damaged or of a newer release/ },
    { content: '{"formatVersion":1,"mode":"eventual"}', says: /--mode=eventual/ },
  ])("with $content in it is refused", async ({ content, says }) => {
    await writeFile(join(dir, "identity.json"), content);
    await expect(readIdentity(dir)).rejects.toThrow(says);
    expect(await readFile(join(dir, "identity.json"), "utf8")).toBe(content);
  });
});
