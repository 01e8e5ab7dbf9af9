import type { Input } from "../index.ts";
import { append } from "../test-support/messages.ts";
import { recordedRun } from "../test-support/recorded-run.ts";
import { Tape, tapeSendersMax } from "./tape.ts";

describe("a tape", () => {
  it("gives back every kind of input as it was", () => {
    const inputs = recordedRun(3).flatMap((core) => core.events.filter((one) => "type" in one));
    const tape = new Tape("a");
    for (const input of inputs) tape.addInput(input);
    expect(tape.events()).toEqual(inputs);
    tape.clear();
    expect(tape.events()).toEqual([]);
  });

  it("keeps what a tick of a later release tells", () => {
    const tape = new Tape("a");
    const ticks = [{ type: "tick", nowMs: 12.5 } as const, { type: "tick" } as const];
    for (const tick of ticks) tape.addInput(tick);
    expect(tape.events()).toEqual(ticks);
  });

  it("takes messages of more senders than it numbers", () => {
    const tape = new Tape("a");
    const inputs = [...Array(tapeSendersMax + 2).keys()].map((at): Input => {
      const message = append({ from: `n${at}`, to: "a", term: 1, prev: "1@1", entries: "1 1" });
      return { type: "receive", message };
    });
    for (const input of inputs) tape.addInput(input);
    expect(tape.events()).toEqual(inputs);
  });

  it("keeps several commands of one proposal, and none", () => {
    const tape = new Tape("a");
    const inputs = [[], [Uint8Array.of(1), Uint8Array.of(2)]].map((commands): Input => ({
      type: "propose",
      context: 1,
      commands,
    }));
    for (const input of inputs) tape.addInput(input);
    expect(tape.events()).toEqual(inputs);
  });
});
