/**
 * D4: the real core. Every record has a writer that no two processes share and is on the disk before
 * it is counted, answered or sent; and every increment carries the client's key, so that one which
 * is asked for twice counts once, wherever that was.
 */
import { EventualCore } from "@counter/eventual";
import type { EventualOptions, Message, Outcome, Ready } from "@counter/eventual";
import type { Design, DesignNode, Place } from "./design.ts";
import { nodesOfContest } from "./size.ts";

/** A message, and on which connection it travels: a reply goes back to whoever asked. */
interface Parcel {
  readonly message: Message;
  /** Number of the exchange, and of the process that began it. */
  readonly exchange: number;
  readonly asker: number;
}

type Journal = readonly Uint8Array[];

/** How long a write takes, in units: a fiftieth of a tick. */
const writeUnits = 2;

/** True time in a tick; keys are remembered for longer than any run. */
const tickMs = 50;

const counter = "contest";

function addressOf(position: number): string {
  return `n${position + 1}:80`;
}

class RecordNode implements DesignNode<Parcel> {
  readonly #place: Place<Parcel, Journal>;
  readonly #core: EventualCore;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  /** Requests of others that were not answered yet, by our number of the exchange. */
  readonly #asked = new Map<number, { readonly from: number; readonly parcel: Parcel }>();
  /** Different for every process. */
  readonly #number: number;
  #wallMs = 0;
  #last = 0;

  constructor(place: Place<Parcel, Journal>) {
    this.#place = place;
    this.#number = place.random.next();
    this.#core = new EventualCore(optionsOf(place));
    for (const entry of place.disk.contents ?? []) this.#core.load(entry);
    this.#core.start();
    this.#drain();
  }

  increment(key: string, acknowledge: () => void): void {
    this.#last += 1;
    this.#waiting.set(this.#last, ({ type }) => {
      if (type === "written") acknowledge();
    });
    const operation = { type: "add", counter, delta: 1n, key: key.replace(" ", "-") } as const;
    this.#core.step({ type: "submit", context: this.#last, operation });
    this.#drain();
  }

  receive(from: number, parcel: Parcel): void {
    const { message, exchange } = parcel;
    if (message.kind === "reply") {
      if (parcel.asker !== this.#number) return; // its connection went down with its process
      this.#core.step({ type: "receive", message: { ...message, exchange } });
    } else {
      this.#last += 1;
      this.#asked.set(this.#last, { from, parcel });
      this.#core.step({ type: "receive", message: { ...message, exchange: this.#last } });
    }
    this.#drain();
  }

  tick(): void {
    this.#wallMs += tickMs;
    this.#core.step({ type: "tick", wallMs: this.#wallMs });
    this.#drain();
  }

  value(): number {
    return Number(this.#core.value(counter));
  }

  #drain(): void {
    for (let ready = this.#core.ready(); ready !== null; ready = this.#core.ready()) {
      if (ready.write !== null) this.#store(ready.write);
      for (const message of ready.messages) this.#send(message);
      for (const outcome of ready.outcomes) {
        this.#waiting.get(outcome.context)?.(outcome);
        this.#waiting.delete(outcome.context);
      }
    }
  }

  #store({ id, entries }: NonNullable<Ready["write"]>): void {
    const { disk, heap, isAlive } = this.#place;
    heap.after(writeUnits, () => {
      if (!isAlive()) return;
      disk.contents = [...(disk.contents ?? []), ...entries];
      this.#core.step({ type: "persisted", write: id });
      this.#drain();
    });
  }

  #send(message: Message): void {
    if (message.kind === "request") {
      const to = this.#place.others.find((other) => addressOf(other) === message.to);
      const { exchange } = message;
      if (to !== undefined) this.#place.send(to, { message, exchange, asker: this.#number });
      return;
    }
    const asked = this.#asked.get(message.exchange);
    if (asked === undefined) return;
    this.#asked.delete(message.exchange);
    const { exchange, asker } = asked.parcel;
    this.#place.send(asked.from, { message, exchange, asker });
  }
}

function optionsOf({ self, others, random }: Place<Parcel, Journal>): EventualOptions {
  const draw = (): number => random.next();
  return {
    node: String(self + 1).padStart(32, "0"),
    address: addressOf(self),
    label: `n${self + 1}`,
    peers: others.map(addressOf),
    cluster: { id: "contest", fixed: true },
    seed: [draw(), draw(), draw(), draw()],
    durable: true,
    limits: {
      recordMaxBytes: 1 << 16,
      messageMaxBytes: 1 << 20,
      messageMaxRecords: 256,
      retainedMaxBytes: 1 << 24,
      pendingMaxBytes: 1 << 20,
      keysMax: 100_000,
      countersMax: 10,
      membersMax: nodesOfContest * 2,
      snapshotMaxBytes: 1_000_000,
      transfersMax: 2,
    },
    timing: {
      heartbeatTicks: 10,
      exchangeTicks: 10,
      probeMaxTicks: 20,
      antiEntropyTicks: 10,
      resumeTicks: 20,
      promiseTicks: 20,
      keyWindowMs: 1e9,
      keyMarginMs: 0,
    },
  };
}

export const recordsOnDisk: Design<Parcel, Journal> = {
  name: "D4",
  what: "records + disk + keys",
  create: (place) => new RecordNode(place),
};
