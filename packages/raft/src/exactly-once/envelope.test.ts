import { EnvelopeFormatError } from "../index.ts";
import type { EnvelopeContent } from "../index.ts";
import type { RandomState } from "../core/random.ts";
import { nextRandom } from "../core/random.ts";
import { damaged } from "../test-support/damage.ts";
import { inSession, keyed, plain } from "../test-support/once.ts";
import { decodeEnvelope, encodeEnvelope } from "./envelope.ts";
import type { Opened } from "./envelope.ts";
import { bytesMaxLimit, defaultMemoryLimits, logTimeMaxMs, windowMaxMs } from "./limits.ts";
import type { MemoryLimits } from "./limits.ts";

const largest: MemoryLimits = {
  windowMs: windowMaxMs,
  keysMax: 4_194_304,
  sessionsMax: 1_048_576,
  sessionIdleMs: windowMaxMs,
  bytesMax: bytesMaxLimit,
};
const last = Number.MAX_SAFE_INTEGER;

const contents: readonly EnvelopeContent[] = [
  plain(),
  plain(1, 2, 3),
  keyed("a", [1, 2]),
  keyed("!~".repeat(127) + "x", [], 0),
  keyed("since", 1, logTimeMaxMs),
  inSession(1, [1, 0], 1),
  inSession(last, [last, last - 1024], []),
  { type: "open" },
  { type: "close", sessionId: last },
];

const encode = (content: EnvelopeContent, atMs = 5, limits = defaultMemoryLimits): Uint8Array =>
  encodeEnvelope({ content, atMs, limits });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What a content is encoded from, given what was read. */
function encodeAgain(opened: Opened): Uint8Array {
  const limits = { ...defaultMemoryLimits, ...opened };
  return encodeEnvelope({ content: opened, atMs: opened.atMs, limits });
}

describe("an envelope", () => {
  it.each(contents)("of $type comes out as it went in", (content) => {
    for (const [atMs, limits] of [
      [0, defaultMemoryLimits],
      [logTimeMaxMs, largest],
    ] as const) {
      const opened = decodeEnvelope(encode(content, atMs, limits));
      expect(opened).toMatchObject({ ...content, atMs });
      expect(hex(encodeAgain(opened))).toBe(hex(encode(content, atMs, limits)));
    }
  });

  it.each([
    { content: plain(7), bytes: "01" + "00" + "05" + "07" },
    {
      content: keyed("ab", 7, 3),
      bytes: "01" + "01" + "05" + "80dddb01" + "c09a0c" + "80808040" + "04" + "026162" + "07",
    },
    {
      content: inSession(9, [300, 299], 7),
      bytes: "01" + "02" + "05" + "80808040" + "09" + "ac02" + "01" + "07",
    },
    { content: { type: "open" } as const, bytes: "01" + "03" + "05" + "904e" + "80dddb01" },
    { content: { type: "close", sessionId: 9 } as const, bytes: "01" + "04" + "05" + "09" },
  ])("of $content.type has the bytes of version 1", ({ content, bytes }) => {
    expect(hex(encode(content))).toBe(bytes);
  });

  it.each([
    { content: keyed("", 1), because: "a key has a character" },
    { content: keyed("x".repeat(256), 1), because: "a key has 255 at most" },
    { content: keyed("a b", 1), because: "no spaces" },
    { content: keyed("ä", 1), because: "no other letters" },
    { content: keyed("a", 1, -1), because: "times are not negative" },
    { content: keyed("a", 1, 0.5), because: "times are whole" },
    { content: keyed("a", 1, logTimeMaxMs + 1), because: "times have an end" },
    { content: inSession(0, [1, 0], 1), because: "no entry has index 0" },
    { content: inSession(1, [0, -1], 1), because: "numbers begin at 1" },
    { content: inSession(1, [1, 1], 1), because: "what is acknowledged is over" },
    { content: inSession(1, [1025, 0], 1), because: "1024 ahead is the most" },
    { content: inSession(1, [NaN, 0], 1), because: "a number is a number" },
    { content: { type: "close", sessionId: 1.5 } as const, because: "indexes are whole" },
  ])("is not made of what nobody could read: $because", ({ content }) => {
    expect(() => encode(content)).toThrow(RangeError);
    expect(hex(encode(plain(7)))).toBe("01000507"); // nothing of it is left behind
  });

  it.each([
    { bytes: "", because: "nothing" },
    { bytes: "02000507", because: "another version" },
    { bytes: "010505", because: "another kind" },
    { bytes: "01008500", because: "a needless byte" },
    { bytes: "010405", because: "no session" },
    { bytes: "01040500", because: "session 0" },
    { bytes: "0104050901", because: "something after its end" },
    { bytes: "01020580808040090102", because: "an acknowledgement below 0" },
  ])("of $because is refused", ({ bytes }) => {
    expect(() => decodeEnvelope(Buffer.from(bytes, "hex"))).toThrow(EnvelopeFormatError);
  });

  it("that is damaged in any of 100,000 ways is refused, or means exactly what its bytes say", () => {
    const originals = contents.map((content) => encode(content));
    const dice: RandomState = { random: 20_260_101 };
    let refused = 0;
    for (let run = 0; run < 100_000; run += 1) {
      const bytes = damaged(originals[nextRandom(dice, originals.length)]!, dice);
      try {
        if (Buffer.compare(encodeAgain(decodeEnvelope(bytes)), bytes) !== 0)
          throw new Error(`run ${run}`);
      } catch (error) {
        if (!(error instanceof EnvelopeFormatError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(30_000);
    expect(refused).toBeLessThan(100_000);
  });
});
