/** When all is quiet: everything that was acknowledged is there, and nothing else (E2). */
import type { CounterName, Position, RecordBody, VersionVector } from "@counter/eventual";
import type { ClientOperation } from "./client-operations.ts";
import { isSum } from "./counters.ts";
import type { HistoryModel } from "./history-model.ts";
import { must } from "./sentences.ts";
import type { WriterTruth } from "./truth.ts";
import type { EventualWorld } from "./world.ts";

export function reckon(
  world: EventualWorld,
  model: HistoryModel,
  operations: readonly ClientOperation[],
): void {
  checkRecords(world, model.vector);
  const sums = new Map<CounterName, Sum>();
  for (const operation of operations) {
    const { counter } = operation;
    let sum = sums.get(counter);
    if (sum === undefined) sums.set(counter, (sum = { certain: 0n, least: 0n, most: 0n }));
    addUp(world, model, { operation, sum });
  }
  for (const [counter, { certain, least, most }] of sums) {
    if (!isSum(counter)) continue;
    const value = model.value(counter);
    must(value >= certain + least && value <= certain + most, "client-sum", () => {
      return `${counter} is ${value}; clients were told ${certain}, unsure ${least} … ${most}`;
    });
  }
}

interface Sum {
  certain: bigint;
  /** What operations of unknown outcome may add. */
  least: bigint;
  most: bigint;
}

/** Every durable record is there, except those that are known to be lost. */
function checkRecords(world: EventualWorld, vector: VersionVector): void {
  for (const writer of world.truth.writers.values()) {
    const known = vector.get(writer.id) ?? 0;
    const needed = neededOf(world, writer);
    must(known >= needed, "acknowledged-present", () => {
      const { id, owner, records } = writer;
      return `${id} of ${owner} has ${records.length} records, ${needed} are needed, ${known} known`;
    });
  }
}

function neededOf(world: EventualWorld, writer: WriterTruth): Position {
  const { owner, records, losableFrom } = writer;
  if (losableFrom !== null) return losableFrom - 1;
  if (!world.leaverIds.has(owner)) return world.goneIds.has(owner) ? 0 : records.length;
  // What a node notes down after its farewell is of no use to anybody.
  let needed = records.length;
  while (needed > 0 && isIdle(records[needed - 1]!.body)) needed -= 1;
  return needed;
}

function isIdle({ plain, keyed }: RecordBody): boolean {
  return plain.length === 0 && keyed.length === 0;
}

function addUp(
  world: EventualWorld,
  model: HistoryModel,
  { operation, sum }: { readonly operation: ClientOperation; readonly sum: Sum },
): void {
  const { counter, key, delta, written } = operation;
  const isPresent =
    key === null
      ? written.some(({ writer, position, body }) => {
          const isThere = world.truth.bodyOf(writer, position) === body;
          return isThere && position <= (model.vector.get(writer) ?? 0);
        })
      : model.dotsOf(counter, key).length > 0;
  if (key !== null && new Set(model.dotsOf(counter, key).map(({ writer }) => writer)).size > 1) {
    world.coverage.hit(operation.isSet ? "setOnTwoSides" : "keyOnTwoSides");
  }
  if (isPresent) {
    sum.certain += delta;
    return;
  }
  const isAcknowledged = written.length > 0 || operation.replayed;
  if (isAcknowledged) {
    must(isLost(world, operation), "acknowledged-present", () => {
      return `${counter} ${delta} ${key ?? "without key"} was acknowledged and is nowhere`;
    });
    world.coverage.hit("lossAccounted");
  } else if (operation.unanswered > 0 && key === null) {
    if (delta < 0n) sum.least += delta;
    else sum.most += delta;
  }
}

/** Whether all records that held it went down with a disk, or stayed with a node that was removed. */
function isLost(world: EventualWorld, { written, replayed }: ClientOperation): boolean {
  const areLost = written.every(({ writer, position, body }) => {
    const known = world.truth.writers.get(writer);
    if (world.truth.bodyOf(writer, position) !== body) return true;
    return known === undefined || position > neededOf(world, known);
  });
  // A repetition names no record: it may have been the first answer that got through.
  return areLost && (written.length > 0 || (replayed && world.goneIds.size > 0));
}
