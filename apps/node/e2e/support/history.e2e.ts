/** The checker is worth something only if it notices what it is there for. */
import { History, type Operation, type Outcome } from "./history.ts";

type Line = readonly [kind: Operation["kind"], from: number, to: number, answer: number | string];

/** A number is an answer, "?" an unknown outcome, "-" a refusal. */
function historyOf(lines: readonly Line[]): History {
  const history = new History();
  for (const [kind, startedAt, endedAt, answer] of lines) {
    history.record({ kind, startedAt, endedAt, outcome: outcomeOf(answer) });
  }
  return history;
}

function outcomeOf(answer: number | string): Outcome {
  if (typeof answer === "number") return { kind: "acknowledged", value: answer };
  if (answer === "-") return { kind: "notApplied", why: "503 no-leader" };
  return { kind: "unknown", why: answer === "?" ? "ECONNRESET" : answer };
}

test.each<{ what: string; lines: Line[]; end: number[] }>([
  {
    what: "numbers of writes at the same time in any order",
    lines: [
      ["write", 0, 5, 2],
      ["write", 1, 4, 1],
      ["read", 2, 9, 1],
      ["read", 6, 9, 2],
    ],
    end: [2, 2, 2],
  },
  {
    what: "a write of unknown outcome that counts",
    lines: [
      ["write", 0, 1, "?"],
      ["write", 2, 3, 2],
    ],
    end: [2, 2],
  },
  {
    what: "a write of unknown outcome that does not count",
    lines: [
      ["write", 0, 1, "?"],
      ["write", 2, 3, 1],
      ["write", 4, 5, "-"],
    ],
    end: [1, 1],
  },
])("$what are right", ({ lines, end }) => {
  expect(historyOf(lines).violations(end)).toEqual([]);
});

test.each<{ what: string; lines: Line[]; end: number[]; told: RegExp }>([
  {
    what: "a number handed out twice",
    lines: [
      ["write", 0, 5, 1],
      ["write", 1, 4, 1],
      ["write", 1, 4, "?"],
    ],
    end: [3],
    told: /1 was handed out twice/,
  },
  {
    what: "a later number that is smaller",
    lines: [
      ["write", 0, 1, 2],
      ["write", 2, 3, 1],
    ],
    end: [2],
    told: /a write answered 1 after 2 had been seen/,
  },
  {
    what: "a stale read",
    lines: [
      ["write", 0, 1, 1],
      ["read", 2, 3, 0],
    ],
    end: [1],
    told: /a read answered 0 after 1 had been seen/,
  },
  {
    what: "a read that goes back",
    lines: [
      ["write", 0, 9, 1],
      ["read", 1, 2, 1],
      ["read", 3, 4, 0],
    ],
    end: [1],
    told: /a read answered 0 after 1 had been seen/,
  },
  {
    what: "a number that nobody asked for",
    lines: [["write", 0, 1, 2]],
    end: [2],
    told: /a write answered 2 when 1 writes had begun/,
  },
  {
    what: "an acknowledged write that is lost",
    lines: [
      ["write", 0, 1, 1],
      ["write", 0, 1, 2],
    ],
    end: [1],
    told: /the counter is 1, but 2 was handed out/,
  },
  {
    what: "a refused write that counts",
    lines: [
      ["write", 0, 1, 1],
      ["write", 2, 3, "-"],
    ],
    end: [2],
    told: /the counter is 2 after 1 acknowledged writes and 0 of unknown outcome/,
  },
  {
    what: "nodes that disagree",
    lines: [["write", 0, 1, 1]],
    end: [1, 0],
    told: /the nodes disagree at the end: 1, 0/,
  },
  {
    what: "an error that nobody expects",
    lines: [["write", 0, 1, "500 internal"]],
    end: [0],
    told: /a write failed with 500 internal/,
  },
])("$what is noticed", ({ lines, end, told }) => {
  expect(historyOf(lines).violations(end).join("\n")).toMatch(told);
});
