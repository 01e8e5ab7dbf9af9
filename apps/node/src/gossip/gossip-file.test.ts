import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import winston from "winston";

import { logTo } from "../test-support/log-lines.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { until } from "../../e2e/support/until.ts";
import { GossipFile, keptAddressesMax } from "./gossip-file.ts";

const silent = winston.createLogger({ silent: true });
const addresses = (count: number): { host: string; port: number }[] =>
  Array.from({ length: count }, (_, place) => ({ host: "127.0.0.1", port: 1000 + place }));

describe("what is kept of the gossip", () => {
  it("is there for the next process: written at once, then together, and at the end", async () => {
    const folder = await newFolder();
    const file = await GossipFile.open(folder, silent);
    expect(file.kept).toBeNull();
    let incarnation = 7;
    file.follow(() => ({ incarnation, addresses: addresses(keptAddressesMax + 1) }));
    file.changed();
    const onDisk = async (): Promise<number> =>
      (await GossipFile.open(folder, silent)).kept?.incarnation ?? 0;
    await until("it is written", async () => (await onDisk()) === 7);
    for (incarnation = 8; incarnation < 20; incarnation += 1) file.changed();
    expect(await onDisk()).toBe(7); // the next write is ten seconds away
    await file.close();
    const { kept } = await GossipFile.open(folder, silent);
    expect(kept?.incarnation).toBe(20);
    expect(kept?.addresses).toHaveLength(keptAddressesMax);
    expect(kept?.addresses[0]).toBe("127.0.0.1:1000");
  });

  it("is written again after its time, without another change", async () => {
    const folder = await newFolder();
    const file = await GossipFile.open(folder, silent, 20);
    let incarnation = 1;
    file.follow(() => ({ incarnation, addresses: [] }));
    file.changed();
    incarnation = 2;
    file.changed();
    const path = join(folder, "gossip.json");
    await until("both are written", async () => (await readFile(path, "utf8")).includes(": 2,"));
    await file.close();
  });

  it.each([
    { what: "half a file", text: '{"formatVersion": 1, "incarn' },
    { what: "another format", text: '{"formatVersion": 2}' },
    {
      what: "an incarnation that leaves no room",
      text: '{"formatVersion": 1, "incarnation": 4294967295, "addresses": []}',
    },
  ])("is begun anew, with a warning, after $what", async ({ text }) => {
    const folder = await newFolder();
    await writeFile(join(folder, "gossip.json"), text);
    const lines: string[] = [];
    expect((await GossipFile.open(folder, logTo(lines))).kept).toBeNull();
    expect(lines).toEqual([expect.stringMatching(/^warn: .*cannot be used/)]);
  });

  it("that cannot be written is told once, and ends nothing", async () => {
    const folder = await newFolder();
    const lines: string[] = [];
    const file = await GossipFile.open(folder, logTo(lines), 1);
    await mkdir(join(folder, "gossip.json"));
    file.follow(() => ({ incarnation: 1, addresses: [] }));
    file.changed();
    await until("it is told", () => lines.length > 0);
    file.changed();
    await file.close();
    expect(lines).toEqual(["warn: gossip.json cannot be written"]);
  });
});
