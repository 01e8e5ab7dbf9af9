import { OnceLog, inSession, keyed, plain, wordOf } from "../test-support/once.ts";
import { answerMaxBytes, keyOverheadBytes, sweepMax } from "./limits.ts";

describe("a command with a key (O1)", () => {
  it("that comes again is answered as before and not applied", () => {
    const log = new OnceLog();
    expect(log.say(keyed("a", 1))).toBe("1");
    expect(log.say(plain(2))).toBe("2");
    expect(log.say(keyed("a", 1))).toBe("1");
    expect(log.say(keyed("b", 1))).toBe("3");
    expect(log.tally.applied).toEqual(["1", "2", "1"]);
  });

  it("that comes again with another command is refused, and the key stands for the first", () => {
    const log = new OnceLog();
    expect(log.say(keyed("a", 1))).toBe("1");
    expect(log.say(keyed("a", 2))).toBe("RAFT_KEY_REUSED");
    expect(log.say(keyed("a", [1, 0]))).toBe("RAFT_KEY_REUSED");
    expect(log.say(keyed("a", 1))).toBe("1");
    expect(log.tally.applied).toEqual(["1"]);
  });

  it("that the machine refused is refused again, with the same reason", () => {
    const log = new OnceLog();
    expect(log.say(keyed("a", 13))).toBe("refused: unlucky");
    expect(log.say(keyed("a", 13))).toBe("refused: unlucky");
    expect(log.tally.batches).toHaveLength(1);
  });

  it("whose answer is as large as may be is remembered, one that is larger is not repeated", () => {
    const log = new OnceLog();
    const most = answerMaxBytes / 1024;
    // The count takes one character: 64 KiB of zeros are one too many.
    const fits = log.say(keyed("fits", [1, most - 1]));
    expect(log.say(keyed("fits", [1, most - 1]))).toBe(fits);
    expect(log.say(keyed("larger", [1, most]))).toHaveLength(answerMaxBytes + 1);
    expect(log.say(keyed("larger", [1, most]))).toBe("RAFT_ANSWER_FORGOTTEN");
    expect(log.tally.applied).toHaveLength(2);
  });
});

describe("the window of a key (O2, O3)", () => {
  it("ends when log time reaches it, and the same key is new then", () => {
    const log = new OnceLog({ windowMs: 100 });
    expect(log.say(keyed("a", 1), 50)).toBe("1");
    expect(log.say(keyed("a", 1), 149)).toBe("1");
    expect(log.say(keyed("a", 1), 150)).toBe("2");
  });

  it("is measured by the latest stamp, whoever gave it", () => {
    const log = new OnceLog({ windowMs: 100 });
    log.say(plain(9), 1000);
    expect(log.say(keyed("a", 1), 5)).toBe("2"); // proposed by a clock that is behind
    expect(log.machine.logTimeMs).toBe(1000);
    expect(log.say(keyed("a", 1), 1099)).toBe("2");
    expect(log.say(keyed("a", 1), 1100)).toBe("3");
  });

  it("is never shorter than promised, also after it was shortened", () => {
    const log = new OnceLog({ windowMs: 100 });
    const shorter = new OnceLog({ windowMs: 10 });
    log.say(keyed("long", 1), 0);
    const entry = { index: 50, term: 1, data: shorter.wrap(keyed("short", 2), 0) };
    log.entries.push(entry);
    void log.machine.apply([entry]);
    expect(log.say(keyed("long", 1), 99)).toBe("1");
    expect(log.say(keyed("short", 2), 99)).toBe("2"); // waits for the one before
    expect(log.say(keyed("short", 2), 100)).toBe("3");
  });

  it.each([
    { since: 0, at: 150, answer: "RAFT_KEY_EXPIRED", because: "it was added after `since`" },
    {
      since: 50,
      at: 150,
      answer: "RAFT_KEY_EXPIRED",
      because: "it may have been added right then",
    },
    { since: 51, at: 150, answer: "2", because: "nothing that was added since is forgotten" },
    { since: 0, at: 149, answer: "1", because: "the window is not over" },
    { since: 151, at: 150, answer: "RAFT_KEY_EXPIRED", because: "no log ever showed that time" },
  ])("a retry that knows it began at $since gets $answer: $because", ({ since, at, answer }) => {
    const log = new OnceLog({ windowMs: 100 });
    expect(log.say(keyed("a", 1), 50)).toBe("1");
    expect(log.say(keyed("a", 1, since), at)).toBe(answer);
  });
});

describe("the room for keys (O3)", () => {
  it("is refused beyond `keysMax`, nothing is applied, and an expired key makes room", () => {
    const log = new OnceLog({ keysMax: 2, windowMs: 100 });
    expect(log.say(keyed("a", 1), 0)).toBe("1");
    expect(log.say(keyed("b", 2), 1)).toBe("2");
    expect(log.say(keyed("c", 3), 2)).toBe("RAFT_ANSWERS_FULL");
    expect(log.say(keyed("a", 1), 3)).toBe("1");
    expect(log.say(plain(4), 4)).toBe("3");
    expect(log.say(keyed("c", 3), 100)).toBe("4");
    expect(log.say(keyed("d", 5), 100)).toBe("RAFT_ANSWERS_FULL");
    expect(log.tally.applied).toEqual(["1", "2", "4", "3"]);
  });

  it("is refused from `bytesMax` on, which the last answer may exceed", () => {
    const oneKey = keyOverheadBytes + 1;
    const log = new OnceLog({ bytesMax: oneKey * 2 + 2 });
    log.say(keyed("a", 1));
    expect(log.machine.stats()).toEqual({ keys: 1, sessions: 0, bytes: oneKey + 1 });
    log.say(keyed("b", [2, 1]));
    expect(log.machine.stats().bytes).toBe(oneKey * 2 + 2 + 1024);
    expect(log.say(keyed("c", 3))).toBe("RAFT_ANSWERS_FULL");
    const exact = new OnceLog({ bytesMax: oneKey * 2 + 2 });
    exact.say(keyed("a", 1));
    exact.say(keyed("b", 2));
    expect(exact.say(keyed("c", 3))).toBe("RAFT_ANSWERS_FULL");
  });

  it(`is made ${sweepMax} keys a command at a time, and what is expired counts as absent at once`, () => {
    const log = new OnceLog({ windowMs: 100 });
    for (let at = 0; at < sweepMax * 2 + 1; at += 1) log.say(keyed(`k${at}`, 1), 0);
    log.say(plain(2), 100);
    expect(log.machine.stats().keys).toBe(sweepMax + 1);
    const last = `k${sweepMax * 2}`;
    const applied = log.tally.applied.length;
    expect(log.say(keyed(last, 1), 100)).toBe(String(applied + 1));
    expect(log.machine.stats()).toMatchObject({ keys: 1 });
  });
});

describe("calls with many commands (O2)", () => {
  it("share a call of the machine unless an answer decides about the next", () => {
    const log = new OnceLog();
    const contents = [plain(1), keyed("a", 2), keyed("b", 3), keyed("a", 2), keyed("c", 13)];
    expect(log.sayTogether(contents)).toEqual(["1", "2", "3", "2", "refused: unlucky"]);
    expect(log.tally.batches).toEqual([3, 1]);
  });

  it("are the same for a machine that answers late", async () => {
    const log = new OnceLog();
    log.tally.late = true;
    const contents = [keyed("a", 1), keyed("a", 1), keyed("a", 2), plain(3)];
    const answers = await log.machine.apply(contents.map((content) => log.append(content)));
    expect(answers.map(wordOf)).toEqual(["1", "1", "RAFT_KEY_REUSED", "2"]);
  });

  it("decide as one after the other near the limit of bytes", () => {
    const bytesMax = keyOverheadBytes * 3 + 4 * 1024;
    const contents = Array.from({ length: 6 }, (_, at) => keyed(`${at}`, [1, 2]));
    const single = new OnceLog({ bytesMax });
    const words = contents.map((content) => single.say(content));
    const batched = new OnceLog({ bytesMax });
    expect(batched.sayTogether(contents)).toEqual(words);
    expect(words.filter((word) => word === "RAFT_ANSWERS_FULL").length).toBeGreaterThan(2);
    expect(batched.machine.stats()).toEqual(single.machine.stats());
  });
});

describe("a place in a session (O4)", () => {
  it("that comes again is answered as before, in any order, and not applied", () => {
    const log = new OnceLog();
    const id = log.open();
    expect(log.say(inSession(id, [2, 0], 2))).toBe("1"); // overtook the first
    expect(log.say(inSession(id, [1, 0], 1))).toBe("2");
    expect(log.say(inSession(id, [2, 0], 2))).toBe("1");
    expect(log.say(inSession(id, [1, 0], 1))).toBe("2");
    expect(log.say(inSession(id, [1, 0], 9))).toBe("RAFT_KEY_REUSED");
    expect(log.tally.applied).toEqual(["2", "1"]);
  });

  it("that was acknowledged is never applied again, whether it ever was or not", () => {
    const log = new OnceLog();
    const id = log.open();
    expect(log.say(inSession(id, [1, 0], 1))).toBe("1");
    expect(log.say(inSession(id, [3, 2], 3))).toBe("2");
    expect(log.say(inSession(id, [1, 0], 1))).toBe("RAFT_ANSWER_FORGOTTEN");
    expect(log.say(inSession(id, [2, 0], 2))).toBe("RAFT_ANSWER_FORGOTTEN");
    expect(log.tally.applied).toEqual(["1", "3"]);
  });

  it("takes up memory until it is acknowledged", () => {
    const log = new OnceLog();
    const id = log.open();
    const { bytes } = log.machine.stats();
    for (let seq = 1; seq <= 50; seq += 1) log.say(inSession(id, [seq, seq - 1], 1));
    const one = log.machine.stats().bytes - bytes;
    expect(one).toBeLessThan(300);
    log.say(inSession(id, [51, 49], 1));
    expect(log.machine.stats().bytes - bytes).toBe(one * 2);
  });

  it("is refused without room for its answer, and may succeed later", () => {
    const log = new OnceLog({ bytesMax: 800 });
    const id = log.open();
    expect(log.say(inSession(id, [1, 0], [1, 1]))).toHaveLength(1025);
    expect(log.say(inSession(id, [2, 0], 2))).toBe("RAFT_ANSWERS_FULL");
    expect(log.say(inSession(id, [2, 1], 2))).toBe("2");
  });
});

describe("a session that is gone (O4)", () => {
  const gone = "RAFT_SESSION_EXPIRED";

  it("applies nothing again: it was not used for its idle time", () => {
    const log = new OnceLog({ sessionIdleMs: 100 });
    const id = log.open(0);
    expect(log.say(inSession(id, [1, 0], 1), 99)).toBe("1");
    expect(log.say(inSession(id, [1, 0], 1), 198)).toBe("1");
    expect(log.say(inSession(id, [1, 0], 1), 298)).toBe(gone);
    expect(log.say(inSession(id, [2, 1], 2), 298)).toBe(gone);
    expect(log.tally.applied).toEqual(["1"]);
    expect(log.machine.stats()).toMatchObject({ sessions: 0, bytes: 0 });
  });

  it("applies nothing again: it was the least recently used of too many", () => {
    const log = new OnceLog({ sessionsMax: 2 });
    const [first, second] = [log.open(), log.open()];
    expect(log.say(inSession(first, [1, 0], 1))).toBe("1");
    const third = log.open();
    expect(log.machine.stats().sessions).toBe(2);
    expect(log.say(inSession(second, [1, 0], 1))).toBe(gone);
    expect(log.say(inSession(first, [1, 0], 1))).toBe("1");
    expect(log.say(inSession(third, [1, 0], 3))).toBe("2");
  });

  it("applies nothing again: it was closed", () => {
    const log = new OnceLog();
    const id = log.open();
    log.say(inSession(id, [1, 0], 1));
    expect(log.say({ type: "close", sessionId: id })).toBe("session");
    expect(log.say({ type: "close", sessionId: id })).toBe("session");
    expect(log.say(inSession(id, [1, 0], 1))).toBe(gone);
    expect(log.say(inSession(id, [2, 1], 1))).toBe(gone);
    expect(log.tally.applied).toEqual(["1"]);
    expect(log.machine.stats().bytes).toBe(0);
  });

  it("in the very call in which one of its commands is applied leaves nothing behind", () => {
    const log = new OnceLog({ sessionsMax: 1 });
    const id = log.open();
    const contents = [inSession(id, [1, 0], [1, 1]), { type: "open" } as const, plain(2)];
    log.sayTogether(contents);
    const fresh = new OnceLog();
    fresh.open();
    expect(log.machine.stats()).toEqual(fresh.machine.stats());
  });
});
