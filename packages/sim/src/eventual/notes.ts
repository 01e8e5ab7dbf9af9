/** What cores say of their own accord: corners that were reached, and when to stop. */
import type { Note } from "@counter/eventual";
import type { SimNode } from "./node.ts";
import { must } from "./sentences.ts";
import type { EventualWorld } from "./world.ts";

/** After so long a process that has stopped is started again by whoever runs it. */
const supervisorUnits = 1000;

export function onNote(world: EventualWorld, node: SimNode, note: Note): void {
  const { coverage } = world;
  switch (note.type) {
    case "writer":
      coverage.hit(note.how);
      if (note.why.includes("did not confirm")) coverage.hit("mintedUnsure");
      if (note.why.includes("knows more")) coverage.hit("diskRolledBack");
      return;
    case "cluster":
      return coverage.hit("clusterAdopted");
    case "replayed":
      return coverage.hit("replayed");
    case "snapshot":
      if (note.direction === "in" && note.what === "ended") coverage.hit("snapshotIn");
      if (note.direction === "in" && note.what === "given up") coverage.hit("snapshotGivenUp");
      return;
    case "refusedTo":
      if (note.why.code === "foreign-cluster") coverage.hit("foreignRefused");
      return;
    case "conflict":
      return coverage.hit("conflict");
    case "keysClosed":
      return coverage.hit("keysClosed");
    case "mustStop":
      return onMustStop(world, node, note.why);
    case "fork":
      must(false, "one-content", () => `${node.name} saw a fork of ${note.writer}`);
      return;
    case "duplicateIdentity":
    case "member":
    case "peer":
    case "ready":
    case "refusedBy":
      return;
  }
}

function onMustStop(
  world: EventualWorld,
  node: SimNode,
  why: "removed" | "duplicate-identity",
): void {
  const { coverage } = world;
  if (why === "removed") {
    must(node.wasRemoved, "no-false-alarm", () => `${node.name} was not removed, and stops`);
    coverage.hit("removedStopped");
    node.isGone = true;
  } else {
    // Of a disk that went back, later starts are known: who runs it has to start it once more.
    must(node.hasTwin || node.hasGoneBack, "no-false-alarm", () => {
      return `${node.name} has no twin, and stops`;
    });
    coverage.hit("duplicateRefused");
    if (node.hasGoneBack) world.heap.after(supervisorUnits, () => node.start());
  }
  world.heap.after(0, () => node.crash(`it has to stop: ${why}`));
}
