import { encodeToken, mergeTokens } from "@counter/eventual";

import { waitHeaders, waitMaxSeconds, waitMsOf } from "../prefer.ts";
import { acksOf, readOptionsOf } from "./options.ts";

const ask = (
  search: string = "",
  headers: Readonly<Record<string, string>> = {},
): { query: URLSearchParams; headers: Readonly<Record<string, string>> } => {
  return { query: new URLSearchParams(search), headers };
};
const refused = expect.objectContaining({ code: "validation-failed" }) as Error;

describe("?ack=", () => {
  it.each([
    { search: "", acks: "local" },
    { search: "ack=local", acks: "local" },
    { search: "ack=majority", acks: "majority" },
    { search: "ack=all", acks: "all" },
    { search: "ack=1", acks: 1 },
    { search: "ack=64", acks: 64 },
  ])("$search asks for $acks", ({ search, acks }) => {
    expect(acksOf(ask(search))).toBe(acks);
  });

  it.each([
    { search: "akc=all", says: "?akc: is unknown here: write ack" },
    { search: "consistency=all", says: "?consistency: is unknown here: this request takes ack" },
    { search: "ack=all&ack=local", says: "?ack: is given more than once" },
  ])("$search is refused, and what was meant is told", ({ search, says }) => {
    expect(() => acksOf(ask(search))).toThrow(says);
  });

  it.each(["ack=", "ack=0", "ack=65", "ack=01", "ack=two", "ack=1e1", "ack=-1"])(
    "%s is refused",
    (search) => {
      expect(() => acksOf(ask(search))).toThrow(refused);
    },
  );
});

describe("Prefer: wait", () => {
  it.each([
    { prefer: "wait=2", ms: 2000 },
    { prefer: 'respond-async, wait="3"', ms: 3000 },
    { prefer: "WAIT = 0 ; x=1", ms: 0 },
    { prefer: "wait=9999", ms: waitMaxSeconds * 1000 },
    { prefer: "wait=soon", ms: null },
    { prefer: "await=2", ms: null },
    { prefer: "", ms: null },
  ])("$prefer is $ms ms", ({ prefer, ms }) => {
    expect(waitMsOf(ask("", { prefer }))).toBe(ms);
  });

  test("is not less than the least", () => {
    expect(waitMsOf(ask("", { prefer: "wait=0" }), 1)).toBe(1000);
    expect(waitMsOf(ask("", { prefer: "wait=2" }), 1)).toBe(2000);
  });

  test("is answered by what was taken", () => {
    expect(waitHeaders(2000)).toEqual({ "preference-applied": "wait=2" });
    expect(waitHeaders(null)).toEqual({});
  });
});

describe("what a read asks for", () => {
  const token = encodeToken({ cluster: 7, positions: new Map([[1, 5]]) });
  const other = encodeToken({ cluster: 7, positions: new Map([[2, 3]]) });

  test("is nothing unless it says so", () => {
    expect(readOptionsOf(ask())).toEqual({ level: "local", orStale: false });
  });

  test("may be a level, or a token, or both, and a stale answer", () => {
    expect(readOptionsOf(ask("consistency=quorum"))).toMatchObject({ level: "quorum" });
    expect(readOptionsOf(ask(`atLeast=${token}&orStale`))).toEqual({
      level: "local",
      atLeast: token,
      orStale: true,
    });
    expect(readOptionsOf(ask("consistency=all&orStale=true"))).toMatchObject({ orStale: true });
    expect(readOptionsOf(ask("orStale=false"))).toMatchObject({ orStale: false });
  });

  test("tokens add up, whichever way they come", () => {
    const both = mergeTokens(token, other);
    const header = { "counter-at-least": token };
    expect(readOptionsOf(ask(`atLeast=${other}`, header)).atLeast).toBe(both);
    const list = { "counter-at-least": `${token}, ${other}` };
    expect(readOptionsOf(ask("", list)).atLeast).toBe(both);
    expect(readOptionsOf(ask(`atLeast=${token}&atLeast=${other}`)).atLeast).toBe(both);
  });

  it.each([
    "consistency=linearizable",
    "consistency=",
    "maxStaleness=2s",
    "orStale",
    "consistency=quorum&orStale=perhaps",
    `atLeast=${"A".repeat(32 * 1024 + 1)}`,
  ])("%.30s is refused", (search) => {
    expect(() => readOptionsOf(ask(search))).toThrow(refused);
  });
});
