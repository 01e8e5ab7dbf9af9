/**
 * Logs of released formats load for ever. `golden/v1` was written by format version 1 and is never
 * made again: every kind of record, two segments, two snapshots, and a torn tail.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFileStorage, runWalTool } from "./index.ts";
import { hardState, ids, log, textFrom, write } from "./test-support/builders.ts";
import { copyOf } from "./test-support/directories.ts";

const golden = join(__dirname, "..", "golden", "v1");
const options = { segmentBytes: 4096 } as const;
const newestTerm = 2 ** 53 - 1;

describe("format version 1", () => {
  it("is read as it was written, and the torn tail is cut", async () => {
    const storage = await openFileStorage(await copyOf(golden), options);
    const persisted = (await storage.load())!;
    expect(persisted.hardState).toEqual(hardState(newestTerm, { vote: "n1", commitIndex: 11 }));
    expect(persisted.snapshot).toEqual({
      index: 9,
      term: 300,
      configuration: {
        members: [
          { id: "n1", address: "127.0.0.1:8081" },
          { id: "n2", address: "127.0.0.1:8082" },
        ],
        voters: ["n1"],
        outgoing: [],
        learners: ["n2"],
        learnersNext: [],
        joining: [],
        autoLeave: false,
      },
      configurationIndex: 2,
    });
    expect(ids(persisted.entries)).toBe(`10@300 11@300 12@${newestTerm}`);
    expect(persisted.entries.map(({ kind }) => kind)).toEqual(["noop", "command", "command"]);
    expect(await textFrom(storage.readSnapshot(9))).toBe("the state at nine");
    expect(await textFrom(storage.readSnapshot(3))).toBe("the state at three");
    await storage.close();
  });

  it("is continued", async () => {
    const directory = await copyOf(golden);
    const first = await openFileStorage(directory, options);
    await first.write(write({ entries: log(13, String(newestTerm)) }));
    await first.close();
    const second = await openFileStorage(directory, options);
    expect((await second.load())!.entries.at(-1)!.index).toBe(13);
    await second.close();
  });

  it("is printed as it always was", async () => {
    const lines: string[] = [];
    const code = await runWalTool([golden], {
      out: (text) => lines.push(text),
      error: () => undefined,
    });
    expect(code).toBe(3);
    const text = await readFile(`${golden}.txt`, "utf8");
    expect(lines.slice(0, -1)).toEqual(text.trimEnd().split("\n"));
  });
});
