/** What must hold when a run is over: nothing acknowledged is missing, and nothing is there twice. */
import { isSameBytes } from "./entry-ledger.ts";
import { hex } from "./applied-truth.ts";
import type { SimServer } from "./server.ts";
import { Violation, check } from "./violation.ts";
import type { World } from "./world.ts";

export function finalCheck(world: World, servers: readonly SimServer[]): void {
  checkEqualBytes(servers);
  checkAgainstLog(world);
  checkRealTime(world);
  const machine = servers[0]?.machine ?? null;
  const problem = machine === null ? null : world.workload.judge?.(world.history, machine);
  if (typeof problem === "string") throw new Violation("linearizable", problem);
}

function checkEqualBytes(servers: readonly SimServer[]): void {
  const first = servers[0]?.machine?.snapshot() ?? new Uint8Array(0);
  for (const server of servers) {
    const bytes = server.machine?.snapshot() ?? new Uint8Array(0);
    check(isSameBytes(first, bytes), "equal-state", () => {
      return `${server.id} ends as ${hex(bytes)}, ${servers[0]!.id} as ${hex(first)}`;
    });
  }
}

/** Every answer is the log's answer, and what was refused for certain is nowhere in the log. */
function checkAgainstLog({ history, invariants }: World): void {
  for (const record of history) {
    if (record.operation.kind === "query") continue;
    const truth = invariants.applied.answerTo(record);
    const { text } = record.operation;
    if (record.outcome === "refused") {
      check(truth === null, "acknowledged-present", () => {
        return `${text} was refused for certain, but is applied at ${truth!.index}`;
      });
    }
    if (record.outcome !== "answered") continue;
    check(
      truth !== null && isSameBytes(truth.answer, record.answer!),
      "acknowledged-present",
      () => {
        const found =
          truth === null ? "is not in the log" : `is answered ${hex(truth.answer)} by it`;
        return `${text} was answered ${hex(record.answer!)}, but ${found}`;
      },
    );
  }
}

/** An operation that began after another had returned stands behind it in the log. */
function checkRealTime({ history, invariants }: World): void {
  const done = history.filter((r) => r.operation.kind === "command" && r.outcome === "answered");
  const byReturn = [...done].sort((a, b) => a.returnedAt - b.returnedAt);
  let next = 0;
  let floor = 0;
  for (const record of done) {
    // `done` is in the order of the beginnings: the floor only rises.
    for (
      ;
      byReturn[next] !== undefined && byReturn[next]!.returnedAt < record.invokedAt;
      next += 1
    ) {
      floor = Math.max(floor, invariants.applied.answerTo(byReturn[next]!)!.index);
    }
    const { index } = invariants.applied.answerTo(record)!;
    check(index > floor, "linearizable", () => {
      return `${record.operation.text} is at ${index}, though ${floor} was answered before it began`;
    });
  }
}
