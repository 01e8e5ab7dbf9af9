import { Changes } from "./changes.ts";

describe("changes", () => {
  it("are told once, however many there were since the reader looked last", async () => {
    const changes = new Changes();
    const reader = changes.read(new AbortController().signal);
    expect(await reader.next()).toEqual({ value: undefined, done: false });
    changes.notify();
    changes.notify();
    expect((await reader.next()).done).toBe(false);
    const waiting = reader.next();
    changes.notify();
    expect((await waiting).done).toBe(false);
    const last = reader.next();
    changes.close();
    expect((await last).done).toBe(true);
  });

  it("end with the signal, for a reader that waits as well as for one that comes later", async () => {
    const changes = new Changes();
    const ending = new AbortController();
    const reader = changes.read(ending.signal);
    await reader.next();
    const waiting = reader.next();
    ending.abort();
    expect((await waiting).done).toBe(true);
    expect((await changes.read(ending.signal).next()).done).toBe(true);
  });
});
