/** The counter that we ship, `CounterMachine`, under the faults of the simulator. */
import { CounterMachine, encodeBatch } from "@counter/state-machine";
import type { CommandBatch } from "@counter/state-machine";
import {
  commandOperation,
  decodeText,
  drawCounterOperation,
  encodeText,
  judgeCounters,
  queryOperation,
} from "./counter-workload.ts";
import type { SimStateMachine, SimWorkload } from "./machine.ts";

const limits = { keyWindowMs: 60_000, keysMax: 100_000, countersMax: 1000 };

class ShippedCounter implements SimStateMachine {
  readonly #machine = new CounterMachine();

  apply(data: Uint8Array, index: number): Uint8Array {
    const [[result] = []] = this.#machine.apply([{ index, term: 0, data }]);
    if (result?.status !== "ok" && result?.status !== "refused") {
      throw new RangeError("one operation has one result");
    }
    // `replayed` tells a first answer from a repeated one; a client must not see any difference.
    return encodeText(result.status === "ok" ? String(result.value) : `refused: ${result.code}`);
  }

  query(question: Uint8Array): Uint8Array {
    return encodeText(String(this.#machine.value(decodeText(question))));
  }

  snapshot(): Uint8Array {
    return joined([...this.#machine.snapshot()]);
  }

  restore(bytes: Uint8Array): Promise<void> {
    return this.#machine.restore(inPieces(bytes));
  }
}

export const counterMachineWorkload: SimWorkload = {
  name: "counter",
  createMachine: (): SimStateMachine => new ShippedCounter(),
  nextOperation: (random, at) => {
    const drawn = drawCounterOperation(random, at);
    if (drawn.kind === "get") return queryOperation(drawn, encodeText(drawn.counter));
    const { counter, delta } = drawn;
    const key = drawn.key === null ? null : { key: drawn.key, fingerprint: new Uint8Array(16) };
    const on = { counter, times: 1, condition: null, key };
    const operation: CommandBatch["operations"][number] =
      delta === 1
        ? { type: "next", count: 1n, ...on }
        : { type: "add", delta: BigInt(delta), onBound: null, ...on };
    return commandOperation(
      drawn,
      encodeBatch({ at: at.number, ...limits, operations: [operation] }),
    );
  },
  judge: (history, finalState) => judgeCounters(history, finalState),
};

/** A disk gives a snapshot back in pieces of any size. */
// eslint-disable-next-line @typescript-eslint/require-await -- a disk would be awaited here
export async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const pieceBytes = 100;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** All pieces in one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
