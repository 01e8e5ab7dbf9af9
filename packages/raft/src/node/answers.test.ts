import { isRefused, refusalReasonMaxLength, refuse } from "../index.ts";
import type { Answer, CommittedCommand } from "../index.ts";
import { rejectionOf, startAlone, stopAll } from "../test-support/host.ts";

afterEach(stopAll);

/** Takes no thirteens. */
class Refusing {
  readonly taken: number[] = [];

  apply(commands: readonly CommittedCommand[]): Answer<number>[] {
    return commands.map(({ data: [byte] }) => {
      return byte === 13 ? refuse("unlucky") : this.taken.push(byte!);
    });
  }

  snapshot(): Iterable<Uint8Array> {
    return [Uint8Array.from(this.taken)];
  }

  async restore(): Promise<void> {
    throw new Error("nothing is restored in this test");
  }
}

describe("a command that the state machine refuses", () => {
  it("ends as refused, with the machine's reason, and the next one is applied", async () => {
    const machine = new Refusing();
    const { node } = await startAlone({ stateMachine: machine });
    const [first, second, third] = [1, 13, 2].map((byte) => node.propose(Uint8Array.of(byte)));
    expect(await rejectionOf(second!)).toMatchObject({
      code: "RAFT_REFUSED",
      outcome: "refused",
      reason: "unlucky",
    });
    expect(await first).toMatchObject({ result: 1 });
    expect(await third).toMatchObject({ result: 2 });
    expect(machine.taken).toEqual([1, 2]);
    expect(node.status().pendingProposals).toBe(0);
  });

  it("has a reason of 1 to 256 printable characters", () => {
    expect(isRefused(refuse("x".repeat(refusalReasonMaxLength)))).toBe(true);
    for (const reason of ["", "x".repeat(refusalReasonMaxLength + 1), "a\nb", "ä"]) {
      expect(() => refuse(reason)).toThrow(RangeError);
    }
    expect(isRefused({ code: "RAFT_REFUSED", reason: "only looks like one" })).toBe(false);
  });
});

describe("keys and sessions without a machine that knows them", () => {
  it("are refused before anything is appended", async () => {
    const { node } = await startAlone();
    const { lastIndex } = node.status();
    const command = Uint8Array.of(1);
    const session = { sessionId: 1, seq: 1, ack: 0 };
    for (const waiting of [
      node.propose(command, { key: "a" }),
      node.propose(command, { session }),
      node.changeSession({ type: "open" }),
    ]) {
      expect(await rejectionOf(waiting)).toBeInstanceOf(TypeError);
    }
    expect(node.status()).toMatchObject({ lastIndex, pendingProposals: 0 });
  });
});
