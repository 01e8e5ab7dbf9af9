/** Every decoder against a hundred thousand damaged messages: it answers, soon, and within bounds. */
import { Keyring } from "../node/keyring.ts";
import { captured, capturedEncrypted, capturedKey } from "../test-support/captured.ts";
import { encryptedWith, plain } from "../test-support/ciphers.ts";
import { decodeCoordinate } from "./coordinate.ts";
import { lzwDecode } from "./lzw-decoder.ts";
import { lzwEncode } from "./lzw-encoder.ts";
import { encodeMessage } from "./message-encoder.ts";
import type { WireOptions } from "./options.ts";
import { decodePacket } from "./packet.ts";
import { attempt } from "./refusal.ts";
import { decodeSerf } from "./serf-decoder.ts";
import { StreamDecoder } from "./stream-decoder.ts";
import { encodeStream } from "./stream-encoder.ts";
import { decodeTags } from "./tags.ts";

const MUTATIONS = 100_000;

/** A small generator, so that every run damages the same. */
class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 0x100000000) * limit);
  }
}

/** Heads of msgpack that claim much, types of messages, and edges. */
const NASTY: readonly number[] = [
  ...[0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc4, 0xc6, 0xc9, 0xca, 0xcb],
  ...[0xcf, 0xd3, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff, 244, 7, 9, 10, 12],
];

function damaged(bytes: Uint8Array, dice: Dice): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let count = 1 + dice.below(4); count > 0 && out.length > 0; count -= 1) {
    const at = dice.below(out.length);
    switch (dice.below(5)) {
      case 0:
        out[at]! ^= 1 << dice.below(8);
        break;
      case 1:
        out[at] = NASTY[dice.below(NASTY.length)]!;
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out.copyWithin(at, dice.below(out.length));
        break;
      default:
        out = Uint8Array.from(Buffer.concat([out.subarray(0, at + 1), out.subarray(at)]));
    }
  }
  return out;
}

/** Damages the seeds in turn; answers how many were accepted nevertheless. */
function fuzz(
  seeds: readonly Uint8Array[],
  decode: (bytes: Uint8Array, dice: Dice) => boolean,
): number {
  const dice = new Dice(seeds.length + 1);
  let accepted = 0;
  for (let round = 0; round < MUTATIONS; round += 1) {
    if (decode(damaged(seeds[round % seeds.length]!, dice), dice)) accepted += 1;
  }
  return accepted;
}

function streamAnswers(bytes: Uint8Array, dice: Dice, options: WireOptions): boolean {
  const decoder = new StreamDecoder(options);
  const cut = dice.below(bytes.length + 1);
  decoder.push(bytes.slice(0, cut));
  let step = decoder.step();
  while (step.kind === "more") step = decoder.step();
  decoder.push(bytes.slice(cut));
  decoder.end();
  do step = decoder.step();
  while (step.kind === "more");
  if (step.kind !== "message" && step.kind !== "refused") throw new Error(step.kind);
  return step.kind === "message";
}

const packets = Object.entries(captured).filter(
  ([name]) => !/^(join(Req|Ans)|later|stream)/.test(name),
);
const bodies = packets.flatMap(([, bytes]) => decodePacket(bytes, plain).messages);
const payloads = bodies.flatMap((body) => (body.type === "user" ? [body.payload] : []));

describe(`${MUTATIONS} damaged messages`, () => {
  it("packets", () => {
    const seeds = packets.map(([, bytes]) => bytes);
    // Without their checksums, or most would be told by those.
    const bare = bodies.map((body) => encodeMessage(body));
    const accepted = fuzz([...seeds, ...bare], (bytes) => {
      const { messages, refusals } = decodePacket(bytes, plain);
      if (messages.length + refusals.length > 256) throw new Error("too many parts");
      return refusals.length === 0;
    });
    expect(accepted).toBeGreaterThan(MUTATIONS / 100);
    expect(accepted).toBeLessThan(MUTATIONS);
  });

  it("encrypted packets: nothing that was damaged opens", () => {
    const options = encryptedWith(new Keyring(Buffer.from(capturedKey, "base64")));
    const seeds = [capturedEncrypted.ping, capturedEncrypted.packet];
    const originals = new Set(seeds.map((seed) => Buffer.from(seed).toString("hex")));
    fuzz(seeds, (bytes) => {
      const { messages } = decodePacket(bytes, options);
      if (messages.length > 0) expect(originals).toContain(Buffer.from(bytes).toString("hex"));
      return messages.length > 0;
    });
  });

  it("streams", () => {
    const { joinRequest, joinAnswer, laterAnswer, streamPing, streamAck } = captured;
    const seeds = [joinRequest, joinAnswer, laterAnswer, streamPing, streamAck];
    const open = seeds.map((seed) => {
      const decoder = new StreamDecoder(plain);
      decoder.push(seed);
      let step = decoder.step();
      while (step.kind === "more") step = decoder.step();
      if (step.kind !== "message") throw new Error("a seed is no message");
      return encodeStream(step.message, { compress: false }, plain);
    });
    const accepted = fuzz([...seeds, ...open], (bytes, dice) => streamAnswers(bytes, dice, plain));
    expect(accepted).toBeGreaterThan(MUTATIONS / 100);
  });

  it("payloads of serf", () => {
    const accepted = fuzz(payloads, (bytes) => decodeSerf(bytes).ok);
    expect(accepted).toBeGreaterThan(MUTATIONS / 100);
  });

  it("tags and coordinates", () => {
    const alive = bodies.flatMap((body) => (body.type === "alive" ? [body.meta] : []));
    const acks = bodies.flatMap((body) => (body.type === "ack" ? [body.payload] : []));
    fuzz(alive, (bytes) => decodeTags(bytes).ok);
    fuzz(acks, (bytes) => decodeCoordinate(bytes).ok);
  });

  it("compressed data", () => {
    const seeds = packets.map(([, bytes]) => lzwEncode(bytes));
    fuzz(seeds, (bytes) => {
      const decoded = attempt(() => lzwDecode(bytes, 65_536));
      return decoded.ok && decoded.value.length <= 65_536;
    });
  });
});
