import type { Message } from "@counter/raft";

import { FrameParser } from "../frame-parser.ts";
import { frameOf, messageOf, reseal } from "../test-support/frames.ts";
import { appendOf, oneOfEach } from "../test-support/messages.ts";
import { DecodeError } from "./errors.ts";

const ends = { from: "n1", to: "n2" };
const MUTATIONS = 120_000;
const STREAMS = 40_000;
const FRAME_MAX_BYTES = 4096;

/** A small generator of its own (mulberry32): the same mutations in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const samples = [
  ...oneOfEach(ends),
  appendOf(ends, { count: 5, dataBytes: 40 }),
  appendOf(ends, { count: 20, dataBytes: 1 }),
].map((message) => frameOf(message));

/** Flips, overwrites, cuts, doubles or inserts, one to four times. */
function mutate(frame: Buffer, random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(frame);
  for (let times = 1 + random(4); times > 0; times -= 1) {
    const at = random(bytes.length + 1);
    switch (random(5)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([random(256), random(256)]),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))]);
    }
    if (bytes.length === 0) return Buffer.from([random(256)]);
  }
  return Buffer.from(bytes);
}

/** Bytes that a message refers to. */
function weightOf(message: Message): number {
  if (message.type === "installSnapshot") return message.chunk.data.length;
  if (message.type !== "appendEntries") return 0;
  return message.entries.reduce((sum, { data }) => sum + data.length, 0);
}

describe("decoders in front of hostile bytes", () => {
  it(`${MUTATIONS} damaged payloads are refused as malformed or read as some message`, () => {
    const random = seeded(1);
    const tally = { read: 0, refused: 0 };
    for (let i = 0; i < MUTATIONS; i += 1) {
      let bytes = mutate(samples[i % samples.length]!, random);
      if (bytes.length < 14) bytes = Buffer.concat([bytes, Buffer.alloc(14 - bytes.length)]);
      // The checksum is made right, so that the damage reaches the decoder; the type stays known.
      bytes[8] = 0x10;
      bytes[9] = 1 + ((bytes[9]! + 7) % 8);
      reseal(bytes);
      try {
        const message = messageOf(bytes, ends);
        if (weightOf(message) > bytes.length) throw new Error("data from nowhere");
        tally.read += 1;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        tally.refused += 1;
      }
    }
    expect(tally.read).toBeGreaterThan(1000);
    expect(tally.refused).toBeGreaterThan(1000);
  });

  it(`${STREAMS} damaged streams never break the parser, whatever the chunks`, () => {
    const random = seeded(2);
    let [frames, ended] = [0, 0];
    for (let i = 0; i < STREAMS; i += 1) {
      const parser = new FrameParser(FRAME_MAX_BYTES);
      const stream = Buffer.concat([
        mutate(samples[random(samples.length)]!, random),
        samples[random(samples.length)]!,
      ]);
      const cut = random(stream.length);
      try {
        for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
          parser.push(chunk, ({ start, end }) => {
            if (end - start > FRAME_MAX_BYTES) throw new Error("a frame beyond the limit");
            frames += 1;
            return true;
          });
        }
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        ended += 1;
      }
    }
    expect(frames).toBeGreaterThan(1000);
    expect(ended).toBeGreaterThan(1000);
  });

  it("a few bytes cannot make the decoder allocate much", () => {
    // 65,536 entries claimed by a frame of thirty bytes; 8 MiB claimed by a length field alone.
    const claim = reseal(
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0x10, 3, 1, 2, 3, 4, 1, 0, 0, 0, 0, 0x80, 0x80, 4, 0]),
    );
    expect(() => messageOf(claim, ends)).toThrow(DecodeError);
    const parser = new FrameParser(FRAME_MAX_BYTES);
    expect(() => parser.push(Buffer.from([0, 0x80, 0, 0]), () => true)).toThrow(DecodeError);
  });
});
