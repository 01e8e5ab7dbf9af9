import { EventHub, eventQueueMax } from "./event-stream.ts";
import type { EventualEvent } from "./options.ts";

const event = (bytes: number): EventualEvent => ({ type: "checkpoint", bytes, tookMs: 1 });

async function take(events: AsyncIterator<EventualEvent>, count: number): Promise<EventualEvent[]> {
  const taken: EventualEvent[] = [];
  for (let at = 0; at < count; at += 1) {
    const next = await events.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

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
    for (let at = 1; at <= eventQueueMax + 7; at += 1) hub.publish(event(at));
    expect((await take(reader, eventQueueMax)).at(-1)).toEqual(event(eventQueueMax));
    hub.publish(event(9999)); // still a part of the gap: the reader has not been told yet
    expect(await take(reader, 1)).toEqual([{ type: "missed", count: 8 }]);
    hub.publish(event(10_000));
    expect(await take(reader, 1)).toEqual([event(10_000)]);
  });

  it("ends with its reader, its signal, or the node", async () => {
    const hub = new EventHub();
    const left = hub.subscribe(undefined);
    await left.return?.();
    const abort = new AbortController();
    const aborted = hub.subscribe(abort.signal);
    hub.publish(event(1));
    abort.abort();
    hub.publish(event(2));
    expect(await take(left, 5)).toEqual([]);
    expect(await take(aborted, 5)).toEqual([event(1)]);
    const last = hub.subscribe(undefined);
    const waiting = last.next();
    hub.close();
    expect((await waiting).done).toBe(true);
    expect(await take(hub.subscribe(undefined), 1)).toEqual([]);
  });
});
