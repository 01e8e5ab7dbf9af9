import { judge, neverLeft, type Effect, type Result } from "./judging.ts";

function reply(status: number, body: Readonly<Record<string, unknown>> = {}): Result {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return { kind: "reply", reply: { status, headers: new Headers(), bytes, endpoint: "http://a" } };
}

const lost = (left: boolean): Result => ({ kind: "lost", left, error: new Error("reset") });
const refused = (status: number, code: string, outcome: string, retryable: boolean): Result =>
  reply(status, { code, outcome, retryable });

const noLeader = refused(503, "no-leader", "not-applied", true);
const unknown = refused(504, "outcome-unknown", "unknown", true);
const bound = refused(409, "bound-exceeded", "not-applied", false);
const ownWord = reply(409, {
  ...{ code: "counter-exists", outcome: "not-applied", retryable: false, mode: "eventual" },
});
const expired = refused(422, "idempotency-key-expired", "not-applied", false);
const unauthorised = refused(401, "unauthenticated", "not-applied", false);
const sessionGone = refused(409, "session-unknown", "unknown", false);
const slowAck = refused(504, "ack-timeout", "applied", true);

interface Row {
  readonly effect: Effect;
  readonly keyed?: boolean;
  readonly inDoubt?: boolean;
  readonly result: Result;
  readonly does: string;
  readonly because: string;
}

const rows: readonly Row[] = [
  { effect: "read", result: reply(200), does: "answer", because: "2xx is an answer" },
  { effect: "read", result: reply(304), does: "answer", because: "304 was asked for" },
  { effect: "read", result: lost(true), does: "again", because: "reads change nothing" },
  { effect: "read", result: unknown, does: "again", because: "reads change nothing" },
  { effect: "write", keyed: true, result: lost(true), does: "again doubt", because: "C2" },
  { effect: "write", keyed: true, result: lost(false), does: "again", because: "nothing left" },
  { effect: "write", result: lost(true), does: "unknown", because: "C3" },
  { effect: "write", result: lost(false), does: "again", because: "nothing left" },
  { effect: "control", result: lost(true), does: "unknown", because: "C3" },
  { effect: "write", keyed: true, result: noLeader, does: "again", because: "nothing was done" },
  { effect: "write", result: noLeader, does: "again", because: "nothing was done" },
  { effect: "write", keyed: true, result: unknown, does: "again doubt", because: "C2" },
  { effect: "write", result: unknown, does: "unknown", because: "C3" },
  { effect: "control", result: unknown, does: "refuse", because: "the answer says it" },
  { effect: "write", keyed: true, result: bound, does: "refuse", because: "it is the answer" },
  {
    ...{ effect: "write", keyed: true, inDoubt: true, result: bound },
    ...{ does: "refuse", because: "had it counted before, that answer would come" },
  },
  {
    ...{ effect: "write", keyed: true, inDoubt: true, result: ownWord },
    ...{ does: "unknown", because: "C4: that node may not know of the first attempt yet" },
  },
  {
    ...{ effect: "write", keyed: true, inDoubt: true, result: expired },
    ...{ does: "unknown", because: "C4: nobody remembers the first attempt" },
  },
  {
    ...{ effect: "write", keyed: true, inDoubt: true, result: unauthorised },
    ...{ does: "unknown", because: "C4: that was about the second attempt" },
  },
  { effect: "write", keyed: true, result: sessionGone, does: "refuse", because: "C10" },
  {
    ...{ effect: "write", keyed: true, inDoubt: true, result: sessionGone },
    ...{ does: "unknown", because: "C10: an earlier attempt may have counted" },
  },
  { effect: "write", keyed: true, result: expired, does: "refuse", because: "it never counted" },
  {
    ...{ effect: "write", keyed: true, result: slowAck },
    ...{ does: "again", because: "the same key waits again" },
  },
  { effect: "write", result: slowAck, does: "refuse", because: "it counts already" },
  {
    ...{ effect: "write", keyed: true, result: reply(502) },
    ...{ does: "again doubt", because: "a proxy's 5xx may hide a write" },
  },
  { effect: "write", result: reply(502), does: "unknown", because: "a proxy's 5xx hides it" },
  { effect: "write", result: reply(400), does: "refuse", because: "a 4xx comes before anything" },
  { effect: "write", result: reply(429), does: "again", because: "later, nothing was done" },
];

describe("what to do after an attempt", () => {
  it.each(rows)(
    "a $effect (key: $keyed, in doubt: $inDoubt) gets $does: $because",
    ({ effect, keyed = false, inDoubt = false, result, does }) => {
      const verdict = judge({ effect, keyed, accepts: [304] }, result, inDoubt);
      const doubt = verdict.do === "again" && verdict.doubt ? " doubt" : "";
      expect(verdict.do + doubt).toBe(does);
    },
  );
});

describe("whether a byte may have left", () => {
  const coded = (code: string): Error => Object.assign(new Error(code), { code });
  it.each([
    { error: new TypeError("x", { cause: coded("ECONNREFUSED") }), never: true },
    { error: new TypeError("x", { cause: coded("ENOTFOUND") }), never: true },
    { error: new TypeError("x", { cause: coded("SELF_SIGNED_CERT_IN_CHAIN") }), never: true },
    { error: new TypeError("x", { cause: coded("CERT_HAS_EXPIRED") }), never: true },
    { error: new TypeError("x", { cause: coded("ERR_TLS_CERT_ALTNAME_INVALID") }), never: true },
    { error: new TypeError("x", { cause: coded("ERR_SSL_WRONG_VERSION_NUMBER") }), never: true },
    // The other end may refuse ours after we have sent: it says so too late to be sure.
    {
      error: new TypeError("x", { cause: coded("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED") }),
      never: false,
    },
    { error: new TypeError("x", { cause: coded("ECONNRESET") }), never: false },
    { error: new TypeError("x", { cause: coded("UND_ERR_SOCKET") }), never: false },
    { error: new TypeError("Failed to fetch"), never: false },
    { error: "a word", never: false },
    {
      error: new TypeError("x", {
        cause: new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")]),
      }),
      never: true,
    },
    {
      error: new TypeError("x", {
        cause: new AggregateError([coded("ECONNREFUSED"), coded("ETIMEDOUT")]),
      }),
      never: false,
    },
  ])("$error.cause: never left is $never", ({ error, never }) => {
    expect(neverLeft(error)).toBe(never);
  });
});
