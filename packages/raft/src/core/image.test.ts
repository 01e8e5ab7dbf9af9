/** A core that goes on from an image of itself must do what the core itself did. */
import { InvariantError, RaftCore } from "../index.ts";
import type { RaftImage } from "../index.ts";
import { stored } from "../test-support/logs.ts";
import { firstDifference, recordedRun } from "../test-support/recorded-run.ts";
import { TestServer, testOptions } from "../test-support/server.ts";
import { imageOf, restoreImage } from "./image.ts";
import { initialState } from "./state.ts";

const seeds = [...Array(30).keys()];
const trio = ["a", "b", "c"] as const;

describe("an image of a core", () => {
  it.each(seeds)("run %i: a core goes on from it as the first one did", (seed) => {
    for (const core of recordedRun(seed)) {
      for (const { image, at } of core.images) {
        const copy = RaftCore.fromImage(core.options, image);
        expect(firstDifference(copy, core.events.slice(at))).toBeNull();
        expect(copy.image()).toEqual(core.image());
        expect(copy.status()).toEqual(core.status());
      }
    }
  });

  it("those runs were caught in everything that can be under way", () => {
    const images = seeds.flatMap((seed) => recordedRun(seed)).flatMap((core) => core.images);
    const text = images.map(({ image }) => JSON.stringify(image, withMaps));
    const underWay = {
      "a candidacy": /"kind":"candidate"/,
      "a transfer": /"transfer":\{/,
      "reads that are being confirmed": /"confirming":\[\{/,
      "a read that was sent on": /"forwardedReads":\[\[/,
      "a snapshot that is being sent": /"state":"snapshot"/,
      "a snapshot that is being received": /"receiving":\{/,
      "appends without an answer": /"is":"window","lastIndexes":\[\d/,
      "an answer that waits for the disk": /"waiting":\[\{/,
      "a write that is out": /"inflightWrites":\[\{/,
    };
    for (const [what, pattern] of Object.entries(underWay)) {
      const found = text.some((one) => pattern.test(one)) ? what : `never ${what}`;
      expect(found).toBe(what);
    }
  });

  it("is not touched by what the core does afterwards, nor by those that go on from it", () => {
    const server = new TestServer();
    server.win();
    server.propose(1, 2, 3);
    const image = server.core.image();
    const before = structuredClone(image);
    const other = RaftCore.fromImage(server.options, image);
    for (const core of [server.core, other]) {
      for (let tick = 0; tick < 30; tick += 1) core.step({ type: "tick" });
      core.ready();
    }
    expect(image).toEqual(before);
  });

  it("keeps one object that is in two places one object", () => {
    const server = new TestServer();
    server.win();
    const { role } = server.core.image() as { role: { progress: Map<string, object> } & RaftImage };
    expect(role["peers"]).toHaveLength(2);
    expect((role["peers"] as object[])[0]).toBe([...role.progress.values()][0]);
  });

  it("carries a field that nobody told it about", () => {
    const s = initialState({ ...testOptions, id: "a" }, stored({ log: "1" }, trio));
    const added = { lease: new Map([["b", { ticks: [1, 2] }]]) };
    const copy = initialState({ ...testOptions, id: "a" }, stored({ log: "1" }, trio));
    restoreImage(copy, imageOf(Object.assign(s, added)));
    expect(copy).toMatchObject(added);
  });

  it("fills in what an earlier release did not know", () => {
    const server = new TestServer();
    server.win();
    const older = server.core.image();
    Reflect.deleteProperty(older, "diskWaitTicks");
    Reflect.deleteProperty(older["role"] as RaftImage, "transfer");
    const core = RaftCore.fromImage(server.options, older);
    expect(core.image()).toEqual(server.core.image());
  });

  it("refuses a record that holds more than data", () => {
    const s = initialState({ ...testOptions, id: "a" }, stored({ log: "1" }, trio));
    for (const extra of [{ timer: (): void => undefined }, { at: new Date(0) }]) {
      expect(() => imageOf(Object.assign({ ...s }, extra))).toThrow(InvariantError);
    }
  });
});

function withMaps(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}
