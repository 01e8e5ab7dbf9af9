/** Every command, in the order in which help lists them. */
import type { Command, Group } from "../command.ts";
import { checks } from "./check.ts";
import { clusterStatus, leader, members, waitReady } from "./cluster.ts";
import { contexts } from "./context.ts";
import { dataDirectory } from "./data-dir.ts";
import { doctor } from "./doctor.ts";
import { keeping } from "./keeping.ts";
import { mergeClusters } from "./merge.ts";
import { node } from "./node.ts";
import { reading } from "./reading.ts";
import { snapshot } from "./snapshot.ts";
import { token } from "./token.ts";
import { writing } from "./writing.ts";

export const commands: readonly Command[] = [
  ...reading,
  ...writing,
  ...keeping,
  clusterStatus,
  waitReady,
  mergeClusters,
  doctor,
  token,
];

export const groups: readonly Group[] = [
  members,
  leader,
  node,
  snapshot,
  dataDirectory,
  checks,
  contexts,
];
