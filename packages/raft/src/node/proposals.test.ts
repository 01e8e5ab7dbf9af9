import { OutcomeUnknownError, ProposalLostError } from "../index.ts";
import type { Entry } from "../index.ts";
import { rejectionOf, startHost, stopAll } from "../test-support/host.ts";
import { commands, wholeLog } from "../test-support/logs.ts";
import { ack, append } from "../test-support/messages.ts";
import { ScriptedTransport } from "../test-support/scripted-transport.ts";
import type { Proposed } from "./options.ts";
import { Proposals } from "./proposals.ts";
import { waiterOf } from "./waiting.ts";

function entry(index: number, term: number): Entry {
  return { index, term, kind: "command", data: Uint8Array.of(0) };
}

/** Proposes, as the node does, and gives what the caller would see. */
function proposed(
  proposals: Proposals<number>,
  first: { readonly index: number; readonly term: number },
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Proposed<number>> {
  return new Promise((resolve, reject) => {
    const waiter = waiterOf<Proposed<number>>({ resolve, reject }, options, (abandoned) => {
      proposals.abandon(abandoned, new OutcomeUnknownError("aborted"));
    });
    proposals.onProposed(proposals.add(waiter), first);
  });
}

afterEach(stopAll);

describe("what becomes of a proposal is decided by what is committed at its index (§5.4)", () => {
  it("its own entry: it took effect", async () => {
    const proposals = new Proposals<number>();
    const answer = proposed(proposals, { index: 5, term: 2 });
    proposals.onApplied([entry(5, 2)], [7]);
    expect(await answer).toEqual({ result: 7, index: 5, term: 2 });
    expect(proposals.size).toBe(0);
  });

  it("another entry: it never will", async () => {
    const proposals = new Proposals<number>();
    const answer = proposed(proposals, { index: 5, term: 2 });
    proposals.onApplied([entry(5, 3)], [7]);
    expect(await rejectionOf(answer)).toBeInstanceOf(ProposalLostError);
  });

  it("an entry at another index says nothing", () => {
    const proposals = new Proposals<number>();
    void proposed(proposals, { index: 5, term: 2 });
    proposals.onApplied([entry(4, 2)], [7]);
    proposals.onApplied([entry(6, 3)], [7]);
    expect(proposals.size).toBe(1);
  });

  it("two proposals of different terms at one index are decided together, either way", async () => {
    for (const winner of [2, 4]) {
      const proposals = new Proposals<number>();
      const answers = [2, 4].map((term) => proposed(proposals, { index: 5, term }));
      expect(proposals.size).toBe(2);
      proposals.onApplied([entry(5, winner)], [7]);
      const [older, newer] = winner === 2 ? answers : answers.toReversed();
      expect(await older).toMatchObject({ term: winner });
      expect(await rejectionOf(newer!)).toBeInstanceOf(ProposalLostError);
      expect(proposals.size).toBe(0);
    }
  });

  it("a snapshot that takes the place of the entry leaves the outcome open", async () => {
    const proposals = new Proposals<number>();
    const before = proposed(proposals, { index: 5, term: 2 });
    const behind = proposed(proposals, { index: 6, term: 2 });
    proposals.onSnapshot(5);
    expect(await rejectionOf(before)).toMatchObject({ outcome: "unknown" });
    proposals.onApplied([entry(6, 2)], [1]);
    expect(await behind).toMatchObject({ index: 6 });
  });

  it("a result that is undefined is a result", async () => {
    const proposals = new Proposals<undefined>();
    const answer = new Promise<Proposed<undefined>>((resolve, reject) => {
      const waiter = waiterOf<Proposed<undefined>>({ resolve, reject }, {}, () => undefined);
      proposals.onProposed(proposals.add(waiter), { index: 5, term: 2 });
    });
    proposals.onApplied([entry(5, 2)], [undefined]);
    expect(await answer).toEqual({ result: undefined, index: 5, term: 2 });
  });
});

describe("a wait that ends early", () => {
  it("by time: each at its own, whatever stands at the same index", async () => {
    const proposals = new Proposals<number>();
    const now = performance.now();
    const short = proposed(proposals, { index: 5, term: 2 }, { timeoutMs: 10 });
    const long = proposed(proposals, { index: 5, term: 4 }, { timeoutMs: 60_000 });
    const hour = 3_600_000;
    proposals.expire(now);
    expect(proposals.size).toBe(2);
    proposals.expire(now + 1000);
    expect(await rejectionOf(short)).toBeInstanceOf(OutcomeUnknownError);
    expect(proposals.size).toBe(1);
    proposals.expire(now + hour);
    expect(await rejectionOf(long)).toBeInstanceOf(OutcomeUnknownError);
    expect(proposals.size).toBe(0);
  });

  it("by its signal: the others go on", async () => {
    const proposals = new Proposals<number>();
    const abort = new AbortController();
    const one = proposed(proposals, { index: 5, term: 2 }, { signal: abort.signal });
    const other = proposed(proposals, { index: 6, term: 2 });
    abort.abort();
    expect(await rejectionOf(one)).toMatchObject({ outcome: "unknown" });
    proposals.onApplied([entry(5, 2)], [1]); // it took effect after all, and nobody waits
    proposals.onApplied([entry(6, 2)], [2]);
    expect(await other).toMatchObject({ result: 2 });
  });
});

describe("a command that our own log has lost may still be committed (Figure 8)", () => {
  it("is not called lost while a server that has it may lead", async () => {
    const ids = ["a", "b", "c", "d", "e"];
    const transport = new ScriptedTransport();
    const host = await startHost("a", ids, { transport });
    const { node, machine, watch } = host;
    const to = "a";
    await transport.elect(host, ["b", "c"]);
    const { term } = node.status();
    transport.deliver(
      ack({ from: "b", to, term, index: 2 }),
      ack({ from: "c", to, term, index: 2 }),
    );
    await watch.until(() => node.status().commitIndex === 2);
    // Three commands reach the disk of b, and nobody else. The third is ours to watch.
    const [first, second, watched] = [1, 2, 3].map((byte) => node.propose(Uint8Array.of(byte)));
    await watch.until(() => node.status().lastIndex === 5);
    // c leads in the next term; its no-op takes the place of all three in our log.
    transport.deliver(
      append({ from: "c", to, term: term + 1, prev: `2@${term}`, entries: `${term + 1}` }),
    );
    await watch.until(() => node.status().lastIndex === 3);
    // We lead again, and another command of ours gets the index of the third.
    await transport.elect(host, ["d", "e"]);
    const newer = node.propose(Uint8Array.of(4));
    await watch.until(() => node.status().lastIndex === 5);
    expect(node.status().pendingProposals).toBe(4);
    // b leads with the votes of d and e, and commits what it has had since the first term.
    const last = term + 3;
    const entries = [
      ...wholeLog(`1 ${term} ${term} ${term} ${term}`, ids).slice(2),
      ...commands(`${last}`, 5),
    ];
    transport.deliver(append({ from: "b", to, term: last, prev: `2@${term}`, entries, commit: 6 }));
    for (const command of [first!, second!, watched!]) {
      expect(await command).toMatchObject({ term });
    }
    expect(await rejectionOf(newer)).toBeInstanceOf(ProposalLostError);
    expect(machine.bytes).toEqual([3, 4, 5, 6]); // the bytes that the test's b has stored
    await node.stop();
  });
});
