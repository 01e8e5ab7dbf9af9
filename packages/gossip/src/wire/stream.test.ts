import { Keyring } from "../node/keyring.ts";
import { hex } from "../test-support/bytes.ts";
import { encryptedWith, plain } from "../test-support/ciphers.ts";
import type { PushPull, PushPullState, StreamMessage } from "../messages.ts";
import { labelBytes } from "./label.ts";
import * as limits from "./limits.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { WireOptions } from "./options.ts";
import { StreamDecoder, type StreamStep } from "./stream-decoder.ts";
import { encodeStream } from "./stream-encoder.ts";

/** Steps until the decoder has nothing to do. */
function run(decoder: StreamDecoder): { step: StreamStep; slices: number } {
  for (let slices = 1; ; slices += 1) {
    const step = decoder.step();
    if (step.kind !== "more") return { step, slices };
  }
}

function fed(bytes: Uint8Array, options: WireOptions = plain): StreamStep {
  const decoder = new StreamDecoder(options);
  decoder.push(bytes);
  decoder.end();
  return run(decoder).step;
}

function state(index: number): PushPullState {
  return {
    name: `node-${index}`,
    address: { host: `10.0.${index >> 8}.${index & 255}`, port: 7_946 },
    meta: new Uint8Array(40).fill(index),
    incarnation: index,
    state: (["alive", "suspect", "dead", "left"] as const)[index % 4]!,
    versions: {
      protocolMin: 1,
      protocolMax: 5,
      protocol: 2,
      delegateMin: 2,
      delegateMax: 5,
      delegate: 5,
    },
  };
}

function pushPull(rows: number): PushPull {
  const states = Array.from({ length: rows }, (_, index) => state(index));
  return { type: "pushPull", join: true, states, userState: new Uint8Array(100).fill(7) };
}

const wrapped: readonly { name: string; options: WireOptions; compress: boolean }[] = [
  { name: "plain", options: plain, compress: false },
  { name: "compressed", options: plain, compress: true },
  { name: "encrypted", options: encryptedWith(new Keyring(new Uint8Array(32))), compress: false },
  {
    name: "labelled, encrypted with padding and compressed",
    options: {
      ...encryptedWith(new Keyring(new Uint8Array(16))),
      label: labelBytes("blue"),
      encryptionVersion: 0,
    },
    compress: true,
  },
];

const messages: readonly StreamMessage[] = [
  { type: "ping", seqNo: 1, node: "b", source: null },
  { type: "ack", seqNo: 1, payload: Uint8Array.of(1, 2) },
  { type: "error", error: "no" },
  { type: "user", payload: new Uint8Array(0) },
  { type: "user", payload: new Uint8Array(2_000).fill(3) },
  { type: "pushPull", join: false, states: [], userState: new Uint8Array(0) },
  pushPull(3),
];

describe.each(wrapped)("a stream that is $name", ({ options, compress }) => {
  it.each(messages)("$type arrives, whole or byte by byte", (message) => {
    const bytes = encodeStream(message, { compress }, options);
    expect(fed(bytes, options)).toMatchObject({ kind: "message", message, refusals: [] });
    const decoder = new StreamDecoder(options);
    for (const [index, byte] of bytes.entries()) {
      expect(run(decoder).step.kind).toBe("wait");
      decoder.push(Uint8Array.of(byte));
      if (index === bytes.length - 1) {
        expect(run(decoder).step).toMatchObject({ kind: "message", message });
      }
    }
  });

  it("cut anywhere it waits, and is refused once its end has come", () => {
    const bytes = encodeStream(pushPull(3), { compress }, options);
    for (let length = 0; length < bytes.length; length += 1) {
      const decoder = new StreamDecoder(options);
      decoder.push(bytes.slice(0, length));
      expect(run(decoder).step.kind).toBe("wait");
      decoder.end();
      expect(run(decoder).step).toMatchObject({
        kind: "refused",
        refusal: { reason: "truncated" },
      });
    }
  });
});

describe("slices", () => {
  it("a large push/pull is decoded in many short steps", () => {
    const bytes = encodeStream(pushPull(2_000), { compress: true }, plain);
    const decoder = new StreamDecoder(plain);
    decoder.push(bytes);
    const { step, slices } = run(decoder);
    expect(step).toMatchObject({ kind: "message" });
    expect(slices).toBeGreaterThan(2_000 / 256 + 2);
  });

  it("rows of a plain push/pull are taken as they come: little is kept", () => {
    const bytes = encodeStream(pushPull(2_000), { compress: false }, plain);
    const decoder = new StreamDecoder(plain);
    for (let at = 0; at < bytes.length; at += 5_000) {
      decoder.push(bytes.slice(at, at + 5_000));
      run(decoder);
      expect(decoder.bufferedBytes).toBeLessThan(5_400);
    }
    expect(run(decoder).step).toMatchObject({ kind: "message" });
  });
});

describe("rows that are wrong", () => {
  function withRow(row: string): Uint8Array {
    const writer = new MsgpackWriter();
    writer.append(encodeStream(pushPull(0), { compress: false }, plain));
    const body = writer.finish();
    const head = hex("06 83 a4 4a6f696e c3 a5 4e6f646573 02 ac 557365725374617465 4c656e 00");
    const good = hex("83 a4 4e616d65 a161 a4 41646472 a4 0a000001 a4 506f7274 05");
    expect(body[0]).toBe(6);
    return Uint8Array.from([...head, ...hex(row), ...good]);
  }

  it.each([
    ["an address of five bytes", "83 a4 4e616d65 a162 a4 41646472 a5 0a00000102 a4 506f7274 05"],
    ["a state of 4", "81 a5 5374617465 04"],
    ["no name", "82 a4 41646472 a4 0a000001 a4 506f7274 05"],
    ["a name that is not UTF-8", "81 a4 4e616d65 a1ff"],
    ["a port of 65,536", "81 a4 506f7274 ce00010000"],
  ])("%s: left out, and the others are still taken", (_what, row) => {
    expect(fed(withRow(row))).toMatchObject({
      kind: "message",
      message: { type: "pushPull", states: [{ name: "a" }] },
      refusals: [{}],
    });
  });
});

describe("limits of streams", () => {
  it.each([
    [
      "an encrypted frame beyond 20 MiB",
      "0a 01400001",
      encryptedWith(new Keyring(new Uint8Array(32))),
    ],
    ["compressed data beyond 20 MiB", "09 82 a4 416c676f 00 a3 427566 db 01400001", plain],
    ["more than 2^20 members", "06 81 a5 4e6f646573 ce 00100001", plain],
    ["user state beyond 20 MiB", "06 81 ac 5573657253746174654c656e ce 01400001", plain],
    ["a user message beyond 20 MiB", "08 81 aa 557365724d73674c656e ce 01400001", plain],
  ])("%s: refused by its claim, before it came", (_what, bytes, options) => {
    const decoder = new StreamDecoder(options);
    decoder.push(hex(bytes));
    const step = run(decoder).step;
    expect(step.kind === "refused" && ["limit", "number"]).toContain(
      step.kind === "refused" ? step.refusal.reason : "",
    );
    expect(run(decoder).step).toBe(step);
    decoder.push(new Uint8Array(100));
    expect(decoder.bufferedBytes).toBe(0);
  });

  it("a row that goes on for ever is refused", () => {
    const decoder = new StreamDecoder(plain);
    decoder.push(hex("06 81 a5 4e6f646573 01 df 00000040 a161 db 00ffffff"));
    decoder.push(new Uint8Array(limits.STREAM_ITEM_MAX_BYTES));
    expect(run(decoder).step).toMatchObject({ kind: "refused", refusal: { reason: "limit" } });
  });

  it("a stream must be encrypted exactly if the member is", () => {
    const cipher = encryptedWith(new Keyring(new Uint8Array(32)));
    const ping = messages[0]!;
    const sealed = encodeStream(ping, { compress: false }, cipher);
    const open = encodeStream(ping, { compress: false }, plain);
    expect(fed(sealed, plain)).toMatchObject({ refusal: { reason: "encryption" } });
    expect(fed(open, cipher)).toMatchObject({ refusal: { reason: "encryption" } });
    expect(fed(open, { ...cipher, verifyIncoming: false })).toMatchObject({ message: ping });
    const header = Uint8Array.from(sealed);
    header[4]! += 1; // the length is vouched for, too
    expect(fed(Uint8Array.from([...header, 0]), cipher)).toMatchObject({
      refusal: { reason: "encryption" },
    });
  });
});
