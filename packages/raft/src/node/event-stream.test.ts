import { HostCluster, startAlone, stopAll } from "../test-support/host.ts";
import { EventHub, nextLeader } from "./event-stream.ts";
import type { RaftEvent } from "./options.ts";

const event = (term: number): RaftEvent => ({ type: "leader", leaderId: null, term });

async function take(events: AsyncIterator<RaftEvent>, count: number): Promise<RaftEvent[]> {
  const taken: RaftEvent[] = [];
  for (let at = 0; at < count; at += 1) {
    const next = await events.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

afterEach(stopAll);

describe("a stream of events", () => {
  it("gives every reader everything from its subscription on, in order", async () => {
    const hub = new EventHub();
    const early = hub.subscribe(undefined);
    hub.publish(event(1));
    const late = hub.subscribe(undefined);
    hub.publish(event(2));
    expect(await take(early, 2)).toEqual([event(1), event(2)]);
    expect(await take(late, 1)).toEqual([event(2)]);
  });

  it("wakes readers that wait, in the order in which they asked", async () => {
    const hub = new EventHub();
    const reader = hub.subscribe(undefined);
    const waiting = [reader.next(), reader.next()];
    hub.publish(event(1));
    hub.publish(event(2));
    const values = (await Promise.all(waiting)).map(({ value }: { value: unknown }) => value);
    expect(values).toEqual([event(1), event(2)]);
  });

  it("does not grow: a slow reader is told how much it missed, where it missed it", async () => {
    const hub = new EventHub();
    const reader = hub.subscribe(undefined);
    for (let term = 1; term <= 1024 + 7; term += 1) hub.publish(event(term));
    expect((await take(reader, 1024)).at(-1)).toEqual(event(1024));
    hub.publish(event(9999)); // still a part of the gap: the reader has not been told yet
    expect(await take(reader, 1)).toEqual([{ type: "missed", count: 8 }]);
    hub.publish(event(10_000));
    expect(await take(reader, 1)).toEqual([event(10_000)]);
  });

  it("one slow reader does not slow the others", async () => {
    const hub = new EventHub();
    const slow = hub.subscribe(undefined);
    const quick = hub.subscribe(undefined);
    for (let term = 1; term <= 3000; term += 1) {
      hub.publish(event(term));
      expect(await take(quick, 1)).toEqual([event(term)]);
    }
    expect((await take(slow, 1025)).at(-1)).toEqual({ type: "missed", count: 3000 - 1024 });
  });

  it("ends with its signal; what was published before is still read", async () => {
    const hub = new EventHub();
    const abort = new AbortController();
    const reader = hub.subscribe(abort.signal);
    hub.publish(event(1));
    abort.abort();
    hub.publish(event(2));
    expect(await take(reader, 5)).toEqual([event(1)]);
    expect(await take(hub.subscribe(abort.signal), 1)).toEqual([]);
  });

  it("ends a reader that waits when it is closed, and gives later ones nothing", async () => {
    const hub = new EventHub();
    const reader = hub.subscribe(undefined);
    const waiting = reader.next();
    hub.close();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await take(hub.subscribe(undefined), 1)).toEqual([]);
  });

  it("ends when a loop over it is left", async () => {
    const hub = new EventHub();
    const reader = hub.subscribe(undefined);
    hub.publish(event(1));
    hub.publish(event(2));
    for await (const first of reader) {
      expect(first).toEqual(event(1));
      break;
    }
    hub.publish(event(3));
    expect(await take(reader, 1)).toEqual([]);
  });

  it("finds the next leader, or none when it ends", async () => {
    const hub = new EventHub();
    const found = nextLeader(hub.subscribe(undefined));
    hub.publish(event(1));
    hub.publish({ type: "leader", leaderId: "b", term: 1 });
    expect(await found).toBe("b");
    const none = nextLeader(hub.subscribe(undefined));
    hub.close();
    expect(await none).toBeNull();
  });
});

describe("the events of a node", () => {
  it("tell its roles, its leader and its snapshots", async () => {
    const cluster = await HostCluster.start();
    const leader = await cluster.leader();
    await leader.node.read(() => null); // something is applied
    const events = leader.node.events();
    await leader.node.takeSnapshot();
    expect(await take(events, 1)).toMatchObject([{ type: "snapshotSaved" }]);
    await leader.node.stepDown();
    expect(await take(events, 2)).toMatchObject([
      { type: "role", role: "follower" },
      { type: "leader", leaderId: null },
    ]);
    await cluster.stop();
    const rest = await take(events, 99);
    expect(rest.every(({ type }) => type === "role" || type === "leader")).toBe(true);
  });

  it("end when it stops", async () => {
    const { node } = await startAlone();
    const events = node.events();
    const ending = (async () => {
      const seen: RaftEvent[] = [];
      for await (const one of events) seen.push(one);
      return seen;
    })();
    await node.stop();
    expect(await ending).toMatchObject([{ type: "role", role: "follower" }, { type: "leader" }]);
  });
});
