/** What clients ask for. */
import type { CounterName, Operation, Position, RecordBody, WriterId } from "@counter/eventual";
import type { Random } from "../random.ts";
import { hexOf } from "./node.ts";

/** One addition as its client sees it, whatever it takes to get it counted. */
export interface ClientOperation {
  readonly counter: CounterName;
  /** What is added, or what the counter is set to. */
  readonly delta: bigint;
  readonly isSet: boolean;
  readonly key: string | null;
  /** Where nodes said that they had written it: also those whose answer was lost. */
  readonly written: {
    readonly writer: WriterId;
    readonly position: Position;
    /** The record: another one in its place means that it is lost. */
    readonly body: RecordBody | null;
  }[];
  /** It was answered as a repetition. */
  replayed: boolean;
  /** Attempts that no node ever answered: it died, or still sleeps. */
  unanswered: number;
  isDone: boolean;
}

/** As it is sent; clients may send another delta under the same key. */
export function requestOf({ counter, key, isSet }: ClientOperation, delta: bigint): Operation {
  return isSet ? { type: "set", counter, value: delta, key } : { type: "add", counter, delta, key };
}

/** Something done to a counter as a whole; with a key it may be sent again. */
export function drawAct(random: Random, counter: CounterName, key: string | null): Operation {
  switch (random.below(4)) {
    case 0:
      return { type: "delete", counter, key };
    case 1:
      return { type: "set", counter, value: BigInt(random.between(-5, 50)), key: null };
    default: {
      const name = random.pick(["a", "b", "c"]);
      const text = random.chance(0.3) ? null : hexOf(random, 4);
      const isNew = random.chance(0.5);
      return { type: "configure", counter, isNew, labels: new Map([[name, text]]), key };
    }
  }
}
