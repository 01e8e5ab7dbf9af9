import {
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  ProposalLostError,
  SessionExpiredError,
  openSession,
  sessionSpanMax,
} from "../index.ts";
import type { EntryId, ProposeOptions, Proposed, Proposer, SessionChange } from "../index.ts";
import { rejectionOf } from "../test-support/host.ts";
import { errorOfRefused, isRefused, isSessionChanged } from "../node/answers.ts";
import type { Answer } from "../index.ts";
import { sessionAnswerOverheadBytes, sessionOverheadBytes } from "./limits.ts";
import { OnceLog } from "../test-support/once.ts";
import type { OnceOptions } from "../test-support/once.ts";

/** What happens to an attempt: applied and answered, refused before, or the answer is lost. */
type Fate = "answered" | "answer lost" | "lost" | "held" | Error;

/** A cluster as a client sees it, with fates instead of faults. */
class FatefulProposer implements Proposer<string> {
  readonly log: OnceLog;
  readonly attempts: string[] = [];
  fates: Fate[] = [];
  /** Attempts that were held, to be let go. */
  readonly held: (() => void)[] = [];

  constructor(options: OnceOptions = {}) {
    this.log = new OnceLog(options);
  }

  async propose(command: Uint8Array, options: ProposeOptions = {}): Promise<Proposed<string>> {
    const session = options.session!;
    this.attempts.push(`${session.seq} after ${session.ack}`);
    const { result, id } = await this.#meet({ type: "session", command, ...session });
    if (isRefused(result)) throw errorOfRefused(result);
    if (isSessionChanged(result)) throw new Error("it is a command");
    return { ...id, result };
  }

  async changeSession(change: SessionChange): Promise<EntryId> {
    this.attempts.push(change.type);
    return (await this.#meet(change)).id;
  }

  async #meet(
    content: Parameters<OnceLog["append"]>[0],
  ): Promise<{ readonly result: Answer<string>; readonly id: EntryId }> {
    const fate = this.fates.shift() ?? "answered";
    if (fate instanceof Error) throw fate;
    if (fate === "lost") throw new OutcomeUnknownError("the connection broke");
    if (fate === "held") await new Promise<void>((resolve) => this.held.push(resolve));
    const { index, term, data } = this.log.append(content);
    const [result] = await this.log.machine.apply([{ index, term, data }]);
    if (fate === "answer lost") throw new OutcomeUnknownError("the connection broke");
    return { result: result!, id: { index, term } };
  }
}

const one = Uint8Array.of(1);
const fast = { retryPauseMs: 0 };

describe("a session", () => {
  it("is named by the entry that opened it, and its commands are numbered and acknowledged", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    expect(session.id).toBe(proposer.log.entries[0]!.index);
    expect(await session.propose(one)).toMatchObject({ result: "1" });
    expect(await session.propose(one)).toMatchObject({ result: "2" });
    await session.close();
    expect(proposer.attempts).toEqual(["open", "1 after 0", "2 after 1", "close"]);
    expect(proposer.log.machine.stats()).toEqual({ keys: 0, sessions: 0, bytes: 0 });
  });

  it.each<{ fates: Fate[]; because: string }>([
    { fates: ["answer lost"], because: "it was applied, and nobody was told" },
    { fates: ["lost", "lost"], because: "it never arrived" },
    { fates: [new NotLeaderError("b"), new NotLeaderError(null)], because: "nobody led" },
    { fates: [new ProposalLostError()], because: "another leader replaced it" },
    { fates: [new OverloadedError()], because: "there was too much to do" },
    {
      fates: ["answer lost", new NotLeaderError("b"), "answer lost", "lost"],
      because: "all of it",
    },
  ])(
    "sends the same number again until it has an answer, and it is applied once: $because",
    async ({ fates }) => {
      const proposer = new FatefulProposer();
      const session = await openSession(proposer, fast);
      proposer.fates = [...fates];
      expect(await session.propose(one)).toMatchObject({ result: "1" });
      expect(proposer.attempts).toEqual(["open", ...fates.map(() => "1 after 0"), "1 after 0"]);
      expect(proposer.log.tally.applied).toEqual(["1"]);
      expect(await session.propose(one)).toMatchObject({ result: "2" });
    },
  );

  it("opens again when it is not known whether it is open", async () => {
    const proposer = new FatefulProposer();
    proposer.fates = ["answer lost", new NotLeaderError("b")];
    const session = await openSession(proposer, fast);
    expect(session.id).toBe(12); // the one at 11 expires by itself
    expect(await session.propose(one)).toMatchObject({ result: "1" });
  });

  it("tells what the machine refused, once and for all", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    proposer.fates = ["answer lost"];
    const refused = await rejectionOf(session.propose(Uint8Array.of(13)));
    expect(refused).toMatchObject({ code: "RAFT_REFUSED", reason: "unlucky", outcome: "refused" });
    expect(proposer.attempts).toHaveLength(3);
  });
});

describe("commands under way in a session", () => {
  it("may overtake each other, and the acknowledgement waits for the first that is open", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    proposer.fates = ["held"];
    const first = session.propose(one);
    await session.propose(one);
    await session.propose(one);
    proposer.held[0]!();
    expect(await first).toMatchObject({ result: "3" });
    await session.propose(one);
    expect(proposer.attempts.slice(1)).toEqual([
      "1 after 0",
      "2 after 0",
      "3 after 0",
      "4 after 3",
    ]);
    expect(proposer.log.machine.stats().bytes).toBe(
      sessionOverheadBytes + sessionAnswerOverheadBytes + 1,
    );
  });

  it("are refused beyond `inFlightMax`, and nothing was sent", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, { ...fast, inFlightMax: 2 });
    proposer.fates = ["held", "held"];
    const waiting = [session.propose(one), session.propose(one)];
    const error = await rejectionOf(session.propose(one));
    expect(error).toMatchObject({ code: "RAFT_OVERLOADED", outcome: "not-applied" });
    expect(session.inFlight).toBe(2);
    for (const letGo of proposer.held) letGo();
    await Promise.all(waiting);
    expect(await session.propose(one)).toMatchObject({ result: "3" });
    expect(proposer.attempts).toHaveLength(4);
  });

  it("do not run ahead of one that is open by more than the machine remembers", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    proposer.fates = ["held"];
    const first = session.propose(one);
    for (let seq = 2; seq <= sessionSpanMax; seq += 1) await session.propose(one);
    expect(await rejectionOf(session.propose(one))).toBeInstanceOf(OverloadedError);
    proposer.held[0]!();
    await first;
    expect(await session.propose(one)).toMatchObject({ result: String(sessionSpanMax + 1) });
  });

  it("are waited for before the session is closed, and nothing is proposed after that", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    proposer.fates = ["held"];
    const first = session.propose(one);
    const closed = session.close();
    expect(await rejectionOf(session.propose(one))).toMatchObject({ outcome: "not-applied" });
    expect(proposer.attempts).toEqual(["open", "1 after 0"]);
    proposer.held[0]!();
    await Promise.all([first, closed, session.close()]);
    expect(proposer.attempts).toEqual(["open", "1 after 0", "close"]);
  });
});

describe("when a session gives up", () => {
  it("an outcome that was unknown once stays unknown, whatever came after", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    const nobody = Array.from({ length: 10_000 }, () => new NotLeaderError(null));
    proposer.fates = ["lost", ...nobody];
    const error = await rejectionOf(session.propose(one, { timeoutMs: 5 }));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ outcome: "unknown", cause: { code: "RAFT_NOT_LEADER" } });
    proposer.fates = [];
    expect(await session.propose(one)).toMatchObject({ result: "1" });
    // A copy of the first that comes late is not applied any more: its number is acknowledged.
    expect(proposer.attempts.at(-1)).toBe("2 after 1");
  });

  it("a command that nobody took was certainly not applied", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    proposer.fates = Array.from({ length: 10_000 }, () => new NotLeaderError(null));
    const error = await rejectionOf(session.propose(one, { timeoutMs: 5 }));
    expect(error).toMatchObject({ code: "RAFT_NOT_LEADER", outcome: "not-applied" });
  });

  it("a signal ends the wait, and the pause before the next attempt, with what is known", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, { retryPauseMs: 60_000 });
    const abort = new AbortController();
    const reason = new Error("the client went away");
    for (const [fate, outcome] of [
      ["lost", { outcome: "unknown", cause: reason }],
      [new NotLeaderError(null), reason],
    ] as const) {
      proposer.fates = [fate];
      const own = new AbortController();
      const waiting = rejectionOf(session.propose(one, { signal: own.signal }));
      setImmediate(() => own.abort(reason));
      expect(await waiting).toMatchObject(outcome);
    }
    abort.abort(reason);
    expect(await rejectionOf(session.propose(one, { signal: abort.signal }))).toBe(reason);
    expect(session.inFlight).toBe(0);
  });

  it.each<{ fates: Fate[]; outcome: string }>([
    { fates: [], outcome: "not-applied" },
    { fates: ["lost"], outcome: "unknown" },
  ])("an expired session says $outcome after $fates", async ({ fates, outcome }) => {
    const proposer = new FatefulProposer({ sessionsMax: 1 });
    const session = await openSession(proposer, fast);
    await openSession(proposer, fast);
    proposer.fates = [...fates];
    const error = await rejectionOf(session.propose(one));
    expect(error).toBeInstanceOf(SessionExpiredError);
    expect(error).toMatchObject({ code: "RAFT_SESSION_EXPIRED", outcome });
  });

  it("what is no error of ours is passed on, and hides no earlier attempt", async () => {
    const proposer = new FatefulProposer();
    const session = await openSession(proposer, fast);
    const odd = new TypeError("fetch failed");
    proposer.fates = [odd];
    expect(await rejectionOf(session.propose(one))).toBe(odd);
    proposer.fates = ["answer lost", odd];
    expect(await rejectionOf(session.propose(one))).toMatchObject({
      outcome: "unknown",
      cause: odd,
    });
  });

  it("options out of range are told at once", async () => {
    const proposer = new FatefulProposer();
    for (const options of [{ inFlightMax: 0 }, { inFlightMax: 1025 }, { attemptTimeoutMs: 0 }]) {
      expect(await rejectionOf(openSession(proposer, options))).toBeInstanceOf(RangeError);
    }
    expect(proposer.attempts).toEqual([]);
  });
});
