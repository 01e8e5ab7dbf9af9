import { storageLaws } from "@counter/raft";
import { openFileStorage } from "./index.ts";
import { newDirectory } from "./test-support/directories.ts";

describe("a storage in files", () => {
  it.each(storageLaws)("$name", async (law) => {
    const directory = await newDirectory();
    await law.check(() => openFileStorage(directory, { firstSegmentBytes: 4096 }));
  });
});
