// Large states for the snapshot benchmark, the same in every process that asks for the same size.
import { CounterMachine, encodeBatch } from "../../packages/state-machine/dist/index.js";

const valueBytes = 1000;
const pieceBytes = 64 * 1024;

/**
 * Keys and values of a thousand bytes. Values are replaced and never changed, so a copy of the list
 * of them is the state of that moment.
 */
class KeyValueMachine {
  #values = [];

  constructor(megabytes) {
    const count = Math.ceil((megabytes * 1e6) / valueBytes);
    for (let key = 0; key < count; key += 1) {
      this.#values.push(new Uint8Array(valueBytes).fill(key));
    }
  }

  apply(commands) {
    return commands.map(({ data }) => {
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      const key = view.getUint32(0) % this.#values.length;
      this.#values[key] = data;
      return key;
    });
  }

  snapshot() {
    return pieces(this.#values.slice());
  }

  async restore(chunks) {
    const values = [];
    let rest = Buffer.alloc(0);
    for await (const chunk of chunks) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (; at + valueBytes <= bytes.length; at += valueBytes) {
        values.push(Uint8Array.prototype.slice.call(bytes, at, at + valueBytes));
      }
      rest = Buffer.from(bytes.subarray(at));
    }
    this.#values = values;
  }
}

function* pieces(values) {
  const most = Math.ceil(pieceBytes / valueBytes);
  for (let at = 0; at < values.length; at += most) {
    yield Buffer.concat(values.slice(at, at + most));
  }
}

async function keyValue(megabytes) {
  const command = (number) => {
    const data = new Uint8Array(valueBytes);
    new DataView(data.buffer).setUint32(0, number);
    return data;
  };
  return { machine: new KeyValueMachine(megabytes), command };
}

/** The counters of this repository with so many thousand keys, as after a day of keyed requests. */
async function counter(thousands) {
  const keysMax = thousands * 1000;
  const add = (name) => ({
    type: "add",
    counter: `counter-${name % 1000}`,
    delta: 1n,
    key: { key: `01890a5d-ac96-774b-bcce-${name}`, fingerprint: new Uint8Array(16).fill(name) },
  });
  const batchOf = (operations) =>
    encodeBatch({ at: 1, keyWindowMs: 86_400_000, keysMax, countersMax: 10_000, operations });
  const filling = new CounterMachine();
  for (let first = 0; first < keysMax; first += 1000) {
    const operations = Array.from({ length: 1000 }, (_, at) => add(first + at));
    filling.apply([{ index: first + 1, term: 1, data: batchOf(operations) }]);
  }
  const machine = new CounterMachine(); // its log begins at the beginning
  await machine.restore(later(filling.snapshot()));
  const command = (number) =>
    batchOf([{ type: "next", counter: `counter-${number % 1000}`, count: 1n, key: null }]);
  return { machine, command };
}

async function* later(chunks) {
  yield* chunks;
}

export const machines = { kv: keyValue, counter };
