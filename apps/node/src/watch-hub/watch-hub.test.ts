import { WatchedTable } from "../test-support/watched-table.ts";
import { owedMax, touchedMax, WatchHub, type Watcher, type WatchEvent } from "./watch-hub.ts";

function setup(): {
  table: WatchedTable;
  hub: WatchHub;
  set: (name: string, value: bigint) => void;
} {
  const table = new WatchedTable();
  const hub = new WatchHub(table);
  const set = (name: string, value: bigint): void => {
    table.set(name, value);
    hub.changed(name);
  };
  return { table, hub, set };
}

const counter = (name: string) => ({ kind: "counter", name }) as const;
const prefix = (text: string) => ({ kind: "prefix", prefix: text }) as const;

/** Events in few words: `name=value`, `name gone`, `synced`; `!` marks a reset. */
function brief(event: WatchEvent): string {
  const mark = event.reset ? "!" : "";
  switch (event.type) {
    case "value":
      return `${event.name}=${event.value}${mark}`;
    case "deleted":
      return `${event.name} gone${mark}`;
    case "synced":
      return `synced${mark}`;
  }
}

function told(hub: WatchHub, watcher: Watcher, max: number = 100): string[] {
  return hub.take(watcher, max).events.map(brief);
}

describe("one counter", () => {
  test("whoever comes is told the state as it is, and then every later one", () => {
    const { hub, set } = setup();
    set("a", 1n);
    const watcher = hub.watch(counter("a"), null);
    expect(told(hub, watcher)).toEqual(["a=1"]);
    expect(told(hub, watcher)).toEqual([]);
    set("a", 2n);
    expect(told(hub, watcher)).toEqual(["a=2"]);
  });

  test("whoever reads slowly is told the latest state only (W1)", () => {
    const { hub, set } = setup();
    const watcher = hub.watch(counter("a"), null);
    told(hub, watcher);
    for (let value = 1n; value <= 1000n; value += 1n) set("a", value);
    expect(told(hub, watcher)).toEqual(["a=1000"]);
  });

  test("a counter that does not exist is gone, until it is created", () => {
    const { hub, set } = setup();
    const watcher = hub.watch(counter("a"), null);
    expect(told(hub, watcher)).toEqual(["a gone"]);
    set("a", 7n);
    expect(told(hub, watcher)).toEqual(["a=7"]);
  });

  test("a deletion is told, also when the counter was there again before and is gone again", () => {
    const { table, hub, set } = setup();
    set("a", 1n);
    const watcher = hub.watch(counter("a"), null);
    told(hub, watcher);
    table.delete("a");
    hub.changed("a");
    set("a", 2n);
    table.delete("a");
    hub.changed("a");
    expect(told(hub, watcher)).toEqual(["a gone"]);
  });

  test("nobody is told of other counters", () => {
    const { hub, set } = setup();
    const watcher = hub.watch(counter("a"), null);
    expect(hub.next()).toBe(watcher);
    told(hub, watcher);
    expect(hub.changed("b")).toBe(false);
    set("ab", 1n);
    expect(hub.next()).toBeNull();
    expect(told(hub, watcher)).toEqual([]);
  });
});

describe("all counters of a prefix", () => {
  test("everything is told in order, in portions, and then that this was all", () => {
    const { hub, set } = setup();
    for (const name of ["b", "a/3", "a/1", "a/2"]) set(name, 1n);
    const watcher = hub.watch(prefix("a/"), null);
    const first = hub.take(watcher, 2);
    expect(first.events.map(brief)).toEqual(["a/1=1", "a/2=1"]);
    expect(first.token).toBeNull(); // more is owed (W4)
    const second = hub.take(watcher, 2);
    expect(second.events.map(brief)).toEqual(["a/3=1", "synced"]);
    expect(second.token).not.toBeNull();
  });

  test("what changes while everything is told is told once, as it is then", () => {
    const { hub, set } = setup();
    for (const name of ["a", "b", "c"]) set(name, 1n);
    const watcher = hub.watch(prefix(""), null);
    expect(told(hub, watcher, 1)).toEqual(["a=1"]);
    set("a", 2n);
    set("c", 2n);
    expect(told(hub, watcher)).toEqual(["b=1", "c=2", "synced", "a=2"]);
  });

  test("later changes of several counters come together, each once", () => {
    const { table, hub, set } = setup();
    const watcher = hub.watch(prefix(""), null);
    expect(told(hub, watcher)).toEqual(["synced"]);
    set("b", 1n);
    set("a", 1n);
    set("b", 2n);
    table.delete("a");
    hub.changed("a");
    expect(told(hub, watcher)).toEqual(["b=2", "a gone"]);
  });

  test("whoever is owed more than the limit starts over, with a reset (W2)", () => {
    const { table, hub, set } = setup();
    set("gone", 1n);
    const watcher = hub.watch(prefix(""), null);
    told(hub, watcher);
    table.delete("gone");
    hub.changed("gone");
    for (let number = 1; number < owedMax; number += 1) set(`c${number}`, 1n);
    hub.take(watcher, 0);
    expect(watcher.owed.size).toBe(owedMax); // at the limit nothing is forgotten
    set("one-more", 1n);
    const all = told(hub, watcher, 10_000);
    expect(watcher.owed.size).toBe(0);
    expect(all).toHaveLength(owedMax + 1);
    expect(all).not.toContain("gone gone!");
    expect(all.at(-1)).toBe("synced!");
    expect(all.slice(0, -1).every((text) => text.endsWith("!"))).toBe(true);
  });

  test("names that changed are handed out before there are too many of them", () => {
    const { hub, set } = setup();
    const watcher = hub.watch(prefix(""), null);
    told(hub, watcher);
    for (let number = 1; number < touchedMax; number += 1) set(`c${number}`, 1n);
    expect(watcher.owed.size).toBe(0);
    set("last", 1n);
    expect(watcher.owed.size).toBe(touchedMax);
  });
});

describe("coming back with a token", () => {
  test("nothing is told of a counter that has not changed since", () => {
    const { table, hub, set } = setup();
    set("a", 1n);
    const token = table.token();
    set("b", 1n);
    const watcher = hub.watch(counter("a"), table.placeOf(token));
    expect(told(hub, watcher)).toEqual([]);
    set("a", 2n);
    expect(told(hub, watcher)).toEqual(["a=2"]);
  });

  test("what has changed since is told as it is now", () => {
    const { table, hub, set } = setup();
    set("a", 1n);
    const token = table.token();
    set("a", 2n);
    set("a", 3n);
    expect(told(hub, hub.watch(counter("a"), table.placeOf(token)))).toEqual(["a=3"]);
  });

  test("a node that is behind the token says nothing before it has caught up (W3)", () => {
    const { hub, set } = setup();
    const ahead = new WatchedTable();
    set("a", 1n);
    for (const value of [1n, 2n, 3n]) ahead.set("a", value);
    const behind = new WatchedTable();
    const follower = new WatchHub(behind);
    const watcher = follower.watch(counter("a"), behind.placeOf(ahead.token()));
    for (const value of [1n, 2n]) {
      behind.set("a", value);
      expect(follower.changed("a")).toBe(true);
      expect(told(follower, watcher)).toEqual([]);
    }
    behind.set("a", 3n);
    behind.set("b", 9n);
    follower.changed("a");
    follower.changed("b");
    expect(follower.next()).toBe(watcher);
    expect(told(follower, watcher)).toEqual([]); // it has seen revision 3
    behind.set("a", 4n);
    follower.changed("a");
    expect(told(follower, watcher)).toEqual(["a=4"]);
    expect(hub.size).toBe(0);
  });

  test("after a restore the state is told with a reset", () => {
    const { table, hub, set } = setup();
    set("a", 5n);
    const token = table.token();
    table.replace({ a: 1n });
    hub.replaced();
    expect(told(hub, hub.watch(counter("a"), table.placeOf(token)))).toEqual(["a=1!"]);
  });

  test("of a prefix everything is told again, for what was deleted is not known", () => {
    const { table, hub, set } = setup();
    set("a", 1n);
    set("b", 1n);
    const token = table.token();
    table.delete("a");
    const watcher = hub.watch(prefix(""), table.placeOf(token));
    expect(told(hub, watcher)).toEqual(["b=1!", "synced!"]);
    const again = hub.watch(prefix(""), table.placeOf(table.token()));
    expect(told(hub, again)).toEqual(["synced"]); // unless nothing has happened at all
  });

  test("a token that came in the middle of other news misses none of it (W4)", () => {
    const { table, hub, set } = setup();
    const watcher = hub.watch(prefix(""), null);
    const { token } = hub.take(watcher, 10);
    set("a", 1n);
    set("b", 1n);
    expect(hub.take(watcher, 1)).toMatchObject({ token: null });
    const again = hub.watch(prefix(""), table.placeOf(token ?? ""));
    expect(told(hub, again)).toEqual(["a=1!", "b=1!", "synced!"]);
  });
});

describe("who is served", () => {
  test("whoever waits longest comes first, and once", () => {
    const { hub, set } = setup();
    const [first, second] = [hub.watch(counter("a"), null), hub.watch(counter("a"), null)];
    expect([hub.next(), hub.next(), hub.next()]).toEqual([first, second, null]);
    told(hub, first);
    told(hub, second);
    set("a", 1n);
    set("a", 2n);
    hub.wake(second);
    expect([hub.next(), hub.next(), hub.next()]).toEqual([first, second, null]);
  });

  test("after a restore everybody starts over", () => {
    const { table, hub, set } = setup();
    set("a", 1n);
    const one = hub.watch(counter("a"), null);
    const all = hub.watch(prefix(""), null);
    told(hub, one);
    told(hub, all);
    table.replace({ b: 2n });
    hub.replaced();
    expect(told(hub, one)).toEqual(["a gone!"]);
    expect(told(hub, all)).toEqual(["b=2!", "synced!"]);
  });

  test("whoever has left leaves nothing behind", () => {
    const { table, hub, set } = setup();
    const gone = [
      hub.watch(counter("a"), null),
      hub.watch(prefix("a"), null),
      hub.watch(counter("a"), table.placeOf("0.99")),
    ];
    for (const watcher of gone) hub.unwatch(watcher);
    table.set("a", 1n);
    expect(hub.changed("a")).toBe(false);
    for (const watcher of gone) hub.wake(watcher);
    expect([hub.size, hub.next()]).toEqual([0, null]);
    set("a", 2n);
    expect(hub.next()).toBeNull();
  });
});
