import fc from "fast-check";

import { DecodeError } from "./codec/errors.ts";
import { FrameParser } from "./frame-parser.ts";
import { frameOf, messageOf } from "./test-support/frames.ts";
import { anyMessage, appendOf, oneOfEach } from "./test-support/messages.ts";

const ends = { from: "n1", to: "n2" };

/** The frames that a parser finds, each with its length field again. */
function framesOf(chunks: readonly Uint8Array[], maxBytes = 100_000): Buffer[] {
  const parser = new FrameParser(maxBytes);
  const frames: Buffer[] = [];
  for (const chunk of chunks) {
    parser.push(chunk, ({ bytes, start, end }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(end - start);
      frames.push(Buffer.concat([length, bytes.subarray(start, end)]));
      return true;
    });
  }
  return frames;
}

describe("cutting a byte stream into frames", () => {
  it("finds the same frames however the stream is chopped", () => {
    const property = fc.property(
      fc.array(anyMessage(ends), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map((message) => frameOf(message)));
        const places = [0, ...cuts.map((cut) => cut % stream.length), stream.length].sort(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((end, i) => stream.subarray(places[i], end));
        expect(framesOf(chunks).map((frame) => messageOf(frame, ends))).toEqual(messages);
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  it("finds them byte by byte", () => {
    const messages = oneOfEach(ends);
    const stream = Buffer.concat(messages.map((message) => frameOf(message)));
    const chunks = Array.from(stream, (byte) => Uint8Array.of(byte));
    expect(framesOf(chunks).map((frame) => messageOf(frame, ends))).toEqual(messages);
  });

  it("takes a frame of exactly the limit and refuses one that is a byte longer", () => {
    const frame = frameOf(appendOf(ends, { dataBytes: 500 }));
    expect(framesOf([frame], frame.length)).toEqual([frame]);
    expect(() => framesOf([frame], frame.length - 1)).toThrow(DecodeError);
  });

  it("refuses a length as soon as its four bytes are there", () => {
    const parser = new FrameParser(1000);
    const refuse = (): boolean => false;
    parser.push(Uint8Array.of(0xff, 0xff, 0xff), refuse);
    expect(() => parser.push(Uint8Array.of(0xff), refuse)).toThrow(/limit is 1000/);
  });

  it("refuses a frame that is shorter than its header", () => {
    expect(() => framesOf([Uint8Array.of(0, 0, 0, 9)])).toThrow(DecodeError);
  });

  it("forgets the rest of a stream that is over", () => {
    const parser = new FrameParser(1000);
    const two = Buffer.concat([frameOf(appendOf(ends)), frameOf(appendOf(ends))]);
    let frames = 0;
    parser.push(two, () => {
      frames += 1;
      return false;
    });
    expect(frames).toBe(1);
  });

  it("says whether a frame has memory of its own", () => {
    const frame = frameOf(appendOf(ends));
    const owned: boolean[] = [];
    const parser = new FrameParser(1000);
    for (const chunk of [frame, frame.subarray(0, 20), frame.subarray(20)]) {
      parser.push(chunk, (raw) => owned.push(raw.owned) > 0);
    }
    expect(owned).toEqual([false, true]);
  });
});
