import * as fc from "fast-check";

import { InvariantError } from "../errors.ts";
import {
  InflightWindow,
  becomeProbe,
  becomeReplicate,
  becomeSnapshot,
  newProgress,
} from "./progress.ts";

describe("the window of unanswered appends", () => {
  it("an answer frees everything that was sent before it as well", () => {
    const window = new InflightWindow();
    for (const index of [3, 5, 9]) window.add(index, 100);
    window.freeThrough(5);
    expect([window.messages, window.bytes]).toEqual([1, 100]);
  });

  it.each([
    { through: 2, messages: 3, because: "nothing ends there" },
    { through: 4, messages: 2, because: "only the first ends before it" },
    { through: 9, messages: 0, because: "all are answered" },
    { through: 99, messages: 0, because: "all are answered" },
  ])("freed through $through, $messages are left: $because", ({ through, messages }) => {
    const window = new InflightWindow();
    for (const index of [3, 5, 9]) window.add(index, 1);
    window.freeThrough(through);
    expect([window.messages, window.bytes]).toEqual([messages, messages]);
  });

  it("counts like a plain list, whatever is added and freed", () => {
    const step = fc.record({
      free: fc.boolean(),
      by: fc.integer({ min: 1, max: 4 }),
      bytes: fc.nat({ max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const window = new InflightWindow();
        let list: { index: number; bytes: number }[] = [];
        let sent = 0;
        let answered = 0;
        for (const { free, by, bytes } of steps) {
          if (free) {
            answered = Math.min(sent, answered + by);
            window.freeThrough(answered);
            list = list.filter((one) => one.index > answered);
          } else {
            sent += by;
            window.add(sent, bytes);
            list.push({ index: sent, bytes });
          }
          const total = list.reduce((sum, one) => sum + one.bytes, 0);
          expect([window.messages, window.bytes]).toEqual([list.length, total]);
        }
      }),
    );
  });
});

describe("what a leader knows of one follower (§5.3)", () => {
  it("starts by asking right behind the leader's log, and nothing matches yet", () => {
    const { state, matchIndex, nextIndex, probeSent } = newProgress("b", 8);
    expect({ state, matchIndex, nextIndex, probeSent }).toEqual({
      state: "probe",
      matchIndex: 0,
      nextIndex: 8,
      probeSent: false,
    });
  });

  it("replicates from right behind what matches, with an empty window", () => {
    const peer = newProgress("b", 8);
    peer.matchIndex = 5;
    peer.window.add(7, 10);
    becomeReplicate(peer);
    expect([peer.state, peer.nextIndex, peer.window.messages]).toEqual(["replicate", 6, 0]);
  });

  it("nextIndex at or below matchIndex is a bug (P4)", () => {
    const peer = newProgress("b", 8);
    peer.matchIndex = 5;
    expect(() => becomeProbe(peer, 5)).toThrow(InvariantError);
    becomeProbe(peer, 6);
    expect([peer.state, peer.nextIndex]).toEqual(["probe", 6]);
  });

  it("a snapshot starts at its first byte and is forgotten by probing again", () => {
    const peer = newProgress("b", 8);
    becomeSnapshot(peer, 20);
    expect(peer.snapshot).toMatchObject({ index: 20, offset: 0 });
    becomeProbe(peer, 8);
    expect(peer.snapshot).toBeNull();
  });
});
