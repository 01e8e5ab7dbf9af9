/** The designs that are compared, from the most naive one on. */
import { contestant } from "./contest.ts";
import type { Contestant } from "./contest.ts";
import { fanOutOnce, fanOutRetried } from "./fan-out.ts";
import { recordsOnDisk } from "./records.ts";
import { slotsInMemory, slotsOnDisk } from "./slots.ts";

export const contestants: readonly Contestant[] = [
  contestant(fanOutOnce),
  contestant(fanOutRetried),
  contestant(slotsInMemory),
  contestant(slotsOnDisk),
  contestant(recordsOnDisk),
];
