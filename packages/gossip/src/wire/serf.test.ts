import { accepted, hex, toHex } from "../test-support/bytes.ts";
import { decodeCoordinate } from "./coordinate.ts";
import { decodeSerf } from "./serf-decoder.ts";
import { encodeSerf } from "./serf-encoder.ts";
import type { SerfMessage } from "./serf-messages.ts";
import { decodeTags, encodeTags } from "./tags.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(9);

const messages: readonly SerfMessage[] = [
  { type: "leave", time: 4, node: "a", prune: true },
  { type: "join", time: Number.MAX_SAFE_INTEGER, node: "ä" },
  {
    type: "pushPull",
    time: 70_000,
    statusTimes: new Map([
      ["a", 1],
      ["b", 300],
    ]),
    leftMembers: ["b"],
    eventTime: 3,
    events: [{ time: 2, events: [{ name: "deploy", payload: bytes(40) }] }],
    queryTime: 9,
  },
  { type: "userEvent", time: 1, name: "deploy", payload: bytes(9 * 1024), coalesce: true },
  {
    type: "query",
    time: 1,
    id: 0xffffffff,
    source: { host: "2001:db8::1", port: 7_946 },
    sourceNode: "a",
    filters: [
      { kind: "names", names: ["a", "b"] },
      { kind: "tag", tag: "role", expression: "^web" },
    ],
    ack: true,
    noBroadcast: true,
    relayFactor: 255,
    timeoutMs: 16_000,
    name: "uptime",
    payload: bytes(3),
  },
  { type: "queryResponse", time: 1, id: 5, from: "b", ack: false, payload: bytes(20) },
  { type: "conflictResponse", name: "a", address: { host: "10.0.0.1", port: 7_946 } },
  { type: "keyRequest", key: bytes(32) },
  { type: "keyResponse", result: true, message: "", keys: ["AAAA", "BBBB"], primaryKey: "AAAA" },
  {
    type: "relay",
    to: { host: "10.0.0.1", port: 7_946 },
    node: "a",
    payload: encodeSerf({
      type: "queryResponse",
      time: 1,
      id: 5,
      from: "b",
      ack: true,
      payload: bytes(0),
    }),
  },
];

describe("payloads of serf", () => {
  it.each(messages)("$type comes back as it was", (message) => {
    expect(accepted(decodeSerf(encodeSerf(message)))).toEqual(message);
  });

  it("a whole ring of empty slots is read", () => {
    const slots = `dc0200${"c0".repeat(512)}`;
    const state = accepted(decodeSerf(hex(`02 81 a6 4576656e7473 ${slots}`)));
    expect(state).toMatchObject({ type: "pushPull", events: [] });
    expect(decodeSerf(hex(`02 81 a6 4576656e7473 dc0201${"c0".repeat(513)}`)).ok).toBe(false);
  });

  it("flags that a newer serf adds are passed", () => {
    const response = accepted(
      decodeSerf(hex("05 82 a5 466c616773 ff a4 46726f6d a161".replace("ff", "ccff"))),
    );
    expect(response).toMatchObject({ type: "queryResponse", ack: true });
  });

  it("a filter of a newer serf is told, so that it holds for nobody", () => {
    const query = encodeSerf({ ...(messages[4] as SerfMessage & { type: "query" }), filters: [] });
    const at = toHex(query).indexOf("a746696c74657273c0") / 2;
    const changed = Uint8Array.from([
      ...query.subarray(0, at + 8),
      ...hex("91 a1 07"),
      ...query.subarray(at + 9),
    ]);
    expect(accepted(decodeSerf(changed))).toMatchObject({ filters: [{ kind: "unknown" }] });
  });

  it.each([
    ["an unknown payload", "0a 80", "unknown"],
    ["nothing", "", "truncated"],
    [
      "a time beyond 2^53 - 1: it would stop all clocks",
      "01 82 a5 4c54696d65 cf7fffffffffffffff a4 4e6f6465 a161",
      "number",
    ],
    ["a leave of nobody", "00 80", "type"],
    ["an event beyond 9 KiB", "03 81 a7 5061796c6f6164 da 2401", "limit"],
    [
      "a relay in a relay",
      "09 81 a8 4465737441646472 82 a2 4950 a4 7f000001 a4 506f7274 01 09",
      "limit",
    ],
    [
      "a relay of nothing",
      "09 81 a8 4465737441646472 82 a2 4950 a4 7f000001 a4 506f7274 01",
      "truncated",
    ],
    ["33 filters", "04 81 a7 46696c74657273 dc 0021", "limit"],
    ["65 keys", "08 81 a4 4b657973 dc 0041", "limit"],
  ])("%s is refused", (_what, payload, reason) => {
    expect(decodeSerf(hex(payload))).toMatchObject({ ok: false, refusal: { reason } });
  });
});

describe("tags", () => {
  it("come back as they were, up to the room of metadata", () => {
    const tags = new Map([
      ["role", "web"],
      ["größe", "x".repeat(480)],
    ]);
    expect(accepted(decodeTags(encodeTags(tags)))).toEqual(tags);
    expect(() => encodeTags(new Map([["role", "x".repeat(510)]]))).toThrow(RangeError);
  });

  it("metadata of a very old agent is its role; none is no tags", () => {
    expect(accepted(decodeTags(hex("776562")))).toEqual(new Map([["role", "web"]]));
    expect(accepted(decodeTags(new Uint8Array(0)))).toEqual(new Map());
  });

  it("metadata that is not tags is refused", () => {
    expect(decodeTags(hex("ff 81 a1")).ok).toBe(false);
    expect(decodeTags(hex("fe")).ok).toBe(false);
  });
});

describe("coordinates", () => {
  it("numbers that are not finite and too many dimensions are refused", () => {
    expect(decodeCoordinate(hex("01 81 a5 4572726f72 cb7ff8000000000000")).ok).toBe(false);
    expect(decodeCoordinate(hex("01 81 a3 566563 dc0021")).ok).toBe(false);
    expect(decodeCoordinate(hex("02 80"))).toMatchObject({ refusal: { reason: "unknown" } });
  });
});
