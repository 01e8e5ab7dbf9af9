import {
  shareTrace,
  traceBegunHeader,
  traceOf,
  traceStateMembersMax,
  traceStateMaxLength,
  traceToKeep,
} from "./trace.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${parentId}-01`;

describe("traceparent", () => {
  it("is gone on with, under a span of our own, and passed on under another one", () => {
    const trace = traceOf({ traceparent });
    expect(trace.traceId).toBe(traceId);
    expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
    const { traceparent: passedOn } = trace.child();
    expect(passedOn).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(passedOn).not.toContain(parentId);
    expect(passedOn).not.toContain(trace.spanId);
  });

  it("of a later version is read as far as this one goes", () => {
    expect(traceOf({ traceparent: `01-${traceId}-${parentId}-01-more` }).traceId).toBe(traceId);
  });

  it.each([
    ["none", undefined],
    ["another shape", "4bf9"],
    ["upper case", `00-${traceId.toUpperCase()}-${parentId}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${parentId}-01`],
    ["a parent id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["the version that is none", `ff-${traceId}-${parentId}-01`],
    ["something behind version 0", `${traceparent}-more`],
    ["far too long", `01-${traceId}-${parentId}-01-${"x".repeat(200)}`],
  ])("%s: a new trace begins", (_what, given) => {
    const trace = traceOf(given === undefined ? {} : { traceparent: given });
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(traceId);
    expect(trace.child()["traceparent"]).toContain(trace.traceId);
  });

  it("is the same whenever it is asked for, and for a request that was made of this one", () => {
    const headers = {};
    expect(traceOf(headers)).toBe(traceOf(headers));
    const other = {};
    shareTrace(headers, other);
    expect(traceOf(other)).toBe(traceOf(headers));
  });
});

describe("tracestate", () => {
  const stateOf = (tracestate: string): string | undefined =>
    traceOf({ traceparent, tracestate }).child()["tracestate"];

  it("is passed on as it came", () => {
    expect(stateOf("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")).toBe(
      "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    );
  });

  it.each([
    { members: traceStateMembersMax, kept: true },
    { members: traceStateMembersMax + 1, kept: false },
  ])("with $members members: passed on $kept", ({ members, kept }) => {
    const state = Array.from({ length: members }, (_, place) => `k${place}=v`).join(",");
    expect(stateOf(state)).toBe(kept ? state : undefined);
  });

  it.each([
    { length: traceStateMaxLength, kept: true },
    { length: traceStateMaxLength + 1, kept: false },
  ])("with $length characters: passed on $kept", ({ length, kept }) => {
    const members = Array.from({ length: 4 }, (_, place) => `k${place}=${"v".repeat(252)}`);
    const state = members.join(",").padEnd(length, "v");
    expect(state).toHaveLength(length);
    expect(stateOf(state)).toBe(kept ? state : undefined);
  });

  it("that is malformed, or has no parent, is dropped", () => {
    expect(stateOf("no value")).toBeUndefined();
    expect(traceOf({ tracestate: "a=b" }).child()).not.toHaveProperty("tracestate");
  });
});

describe("what the log keeps of a request", () => {
  const hexOf = (bytes: Uint8Array | null): string | null =>
    bytes === null ? null : Buffer.from(bytes).toString("hex");

  it("is the trace and the span that its traceparent names", () => {
    expect(hexOf(traceToKeep({ traceparent }, "given"))).toBe(traceId + parentId);
    expect(hexOf(traceToKeep({ traceparent }, "all"))).toBe(traceId + parentId);
    expect(traceToKeep({ traceparent }, "none")).toBeNull();
  });

  it.each([
    ["is absent", {}],
    ["is malformed", { traceparent: `00-${traceId}-${parentId}` }],
    ["names nothing", { traceparent: `00-${"0".repeat(32)}-${parentId}-01` }],
    ["is one that another node began", { traceparent, [traceBegunHeader]: "127.0.0.1:1" }],
  ])("is nothing where traceparent %s, unless all traces are kept", (_what, headers) => {
    expect(traceToKeep(headers, "given")).toBeNull();
    const begun = traceOf(headers);
    const span = begun.parentId ?? begun.spanId;
    expect(hexOf(traceToKeep(headers, "all"))).toBe(begun.traceId + span);
  });
});
