import { encodeEntry } from "./journal-entry.ts";
import type { EventualOptions, Input, Ready } from "./door.ts";
import { EventualCore } from "./eventual-core.ts";
import { heldMessagesMax } from "./starts.ts";

const options: EventualOptions = {
  node: "0".repeat(32),
  address: "a:1",
  label: "a",
  peers: Array.from({ length: 60 }, (_, at) => `p:${at + 1}`),
  cluster: { id: "test", fixed: true },
  seed: [1, 2, 3, 4],
  durable: true,
  limits: {
    recordMaxBytes: 1000,
    messageMaxBytes: 1000,
    messageMaxRecords: 10,
    retainedMaxBytes: 10_000,
    pendingMaxBytes: 10_000,
    keysMax: 100,
    countersMax: 100,
    membersMax: 64,
    transfersMax: 1,
  },
  timing: {
    heartbeatTicks: 1,
    exchangeTicks: 2,
    probeMaxTicks: 4,
    antiEntropyTicks: 2,
    resumeTicks: 2,
    promiseTicks: 2,
    keyWindowMs: 1000,
    keyMarginMs: 100,
  },
};

function started(): { readonly core: EventualCore; readonly drain: () => Ready[] } {
  const core = new EventualCore(options);
  core.load(encodeEntry({ kind: "boot", boot: 6 }));
  core.start();
  const drain = (): Ready[] => {
    const all: Ready[] = [];
    for (let ready = core.ready(); ready !== null; ready = core.ready()) all.push(ready);
    return all;
  };
  return { core, drain };
}

const tick: Input = { type: "tick", wallMs: 1_000_000 };

describe("a process that has just started", () => {
  it("says nothing to anybody before its number is on the disk", () => {
    const { core, drain } = started();
    core.step(tick);
    const before = drain();
    expect(before.flatMap(({ messages }) => messages)).toEqual([]);
    const { write } = before.find((ready) => ready.write !== null)!;
    core.step({ type: "persisted", write: write!.id });
    const messages = drain().flatMap((ready) => ready.messages);
    expect(messages.length).toBeGreaterThan(0);
    expect(new Set(messages.map(({ sender }) => sender.boot))).toEqual(new Set([7]));
  });

  it("keeps few messages while its disk does not answer, and sends none that is given up", () => {
    const { core, drain } = started();
    const ids = new Set<number>();
    for (let ticks = 0; ticks < 200; ticks += 1) {
      core.step(tick);
      for (const { write } of drain()) if (write !== null) ids.add(write.id);
    }
    expect(ids.size).toBe(1);
    core.step({ type: "persisted", write: [...ids][0]! });
    const messages = drain().flatMap((ready) => ready.messages);
    expect(messages.length).toBeLessThanOrEqual(heldMessagesMax);
    const asked = messages.filter(({ kind }) => kind === "request");
    expect(new Set(asked.map((m) => (m.kind === "request" ? m.to : ""))).size).toBe(asked.length);
  });
});
