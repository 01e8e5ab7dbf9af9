import { Keyring } from "../node/keyring.ts";
import { hex, toHex } from "../test-support/bytes.ts";
import { encryptedWith, plain } from "../test-support/ciphers.ts";
import type { PacketMessage } from "../messages.ts";
import { encryptionOverhead, frameBytes, sealFrame } from "./crypto-frame.ts";
import { labelBytes } from "./label.ts";
import { encodeMessage } from "./message-encoder.ts";
import type { WireOptions } from "./options.ts";
import { decodePacket, encodePacket, packetOverhead } from "./packet.ts";

const bare = { crc: false, compress: false };
const nack: PacketMessage = { type: "nack", seqNo: 7 };
const key = Uint8Array.from({ length: 16 }, (_, index) => index);
const labelled: WireOptions = { ...plain, label: labelBytes("blue") };

function packet(options: WireOptions = plain, features = bare): Uint8Array {
  return encodePacket([encodeMessage(nack)], features, options);
}

describe("labels, by hand as Debian's serf has none", () => {
  it("a packet begins with 244, the length and the label", () => {
    expect(toHex(packet(labelled))).toBe("f404626c7565" + "0b81a55365714e6f07");
    expect(decodePacket(packet(labelled), labelled).messages).toEqual([nack]);
  });

  it.each([
    ["a member without a label, a packet with one", packet(labelled), plain],
    ["a member with a label, a packet without", packet(), labelled],
    ["two labels of one length", packet({ ...plain, label: labelBytes("pink") }), labelled],
    ["a label that begins alike", packet({ ...plain, label: labelBytes("blues") }), labelled],
  ])("%s: refused", (_name, bytes, options) => {
    const { messages, refusals } = decodePacket(bytes, options);
    expect(messages).toEqual([]);
    expect(refusals).toMatchObject([{ reason: "label" }]);
  });

  it("a label has at most 255 bytes", () => {
    const longest = { ...plain, label: labelBytes("x".repeat(255)) };
    expect(decodePacket(packet(longest), longest).messages).toEqual([nack]);
    expect(() => labelBytes("x".repeat(256))).toThrow(RangeError);
  });
});

describe("encryption", () => {
  const options = encryptedWith(new Keyring(key));

  it.each([0, 1] as const)("version %d opens with the key and the label alone", (version) => {
    const both = { ...options, encryptionVersion: version, label: labelBytes("blue") };
    const bytes = packet(both);
    expect(bytes[6]).toBe(version);
    expect(decodePacket(bytes, both).messages).toEqual([nack]);
    const relabelled = Uint8Array.from(bytes);
    relabelled.set(labelBytes("pink"), 2);
    expect(decodePacket(relabelled, { ...both, label: labelBytes("pink") }).refusals).toMatchObject(
      [{ reason: "encryption" }],
    );
  });

  it("a frame takes the room that was reckoned for it", () => {
    for (const version of [0, 1] as const) {
      for (const length of [1, 15, 16, 17, 1_000]) {
        const associated = new Uint8Array(0);
        const frame = sealFrame(new Keyring(key), version, {
          plain: new Uint8Array(length),
          associated,
        });
        expect(frame.length).toBe(frameBytes(version, length));
        expect(frame.length - length).toBeLessThanOrEqual(encryptionOverhead(version));
      }
    }
    expect([encryptionOverhead(0), encryptionOverhead(1)]).toEqual([45, 29]);
    expect(packetOverhead({ ...options, label: labelBytes("blue") })).toBe(5 + 6 + 29);
  });

  it("padding that cannot be is refused even under the right key", () => {
    for (const last of [0, 17, 255, 16]) {
      const block = new Uint8Array(16).fill(last);
      const sealed = new Keyring(key).seal(block, new Uint8Array(0));
      const { refusals } = decodePacket(Uint8Array.from([0, ...sealed]), options);
      expect(refusals).toMatchObject([{ reason: "encryption" }]);
    }
  });

  it("plain packets are refused, unless a cluster is being moved to encryption", () => {
    expect(decodePacket(packet(), options).refusals).toMatchObject([{ reason: "encryption" }]);
    const moving = { ...options, verifyIncoming: false };
    expect(decodePacket(packet(), moving).messages).toEqual([nack]);
    expect(decodePacket(packet(options), moving).messages).toEqual([nack]);
    expect(toHex(packet({ ...moving, verifyOutgoing: false }))).toBe(toHex(packet()));
  });
});

describe("checksums", () => {
  it("one changed bit anywhere behind the checksum is noticed", () => {
    const bytes = packet(plain, { crc: true, compress: false });
    for (let bit = 8; bit < bytes.length * 8; bit += 1) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodePacket(damaged, plain)).toMatchObject({
        messages: [],
        refusals: [{ reason: "checksum" }],
      });
    }
  });
});

describe("compounds", () => {
  it("a bad part does not take the good ones with it", () => {
    const bad = hex("04 81 a4 4164 6472 01");
    const bytes = encodePacket([encodeMessage(nack), bad, encodeMessage(nack)], bare, plain);
    const { messages, refusals } = decodePacket(bytes, plain);
    expect(messages).toEqual([nack, nack]);
    expect(refusals).toHaveLength(1);
  });

  it("parts before a cut are delivered", () => {
    const bytes = encodePacket([encodeMessage(nack), encodeMessage(nack)], bare, plain);
    const cut = decodePacket(bytes.subarray(0, bytes.length - 1), plain);
    expect(cut.messages).toEqual([nack]);
    expect(cut.refusals).toMatchObject([{ reason: "truncated" }]);
  });

  it("255 messages fit into one, 256 do not", () => {
    const body = encodeMessage(nack);
    const full = encodePacket(new Array<Uint8Array>(255).fill(body), bare, plain);
    expect(decodePacket(full, plain).messages).toHaveLength(255);
    expect(() => encodePacket(new Array<Uint8Array>(256).fill(body), bare, plain)).toThrow(
      RangeError,
    );
    expect(() => encodePacket([], bare, plain)).toThrow(RangeError);
  });

  it("a compound in a compound, or compression in compression, is refused", () => {
    const twice = encodePacket([encodeMessage(nack), encodeMessage(nack)], bare, plain);
    const nested = encodePacket([twice, encodeMessage(nack)], bare, plain);
    expect(decodePacket(nested, plain)).toMatchObject({
      messages: [nack],
      refusals: [{ reason: "unknown" }],
    });
  });
});

describe("limits of fields", () => {
  it.each([
    ["a name of 255 bytes", 255, 512, true],
    ["a name of 256 bytes", 256, 512, false],
    ["metadata of 513 bytes", 5, 513, false],
  ])("%s", (_what, name, meta, good) => {
    const body = encodeMessage({
      type: "alive",
      incarnation: 1,
      node: "n".repeat(name),
      address: { host: "::1", port: 1 },
      meta: new Uint8Array(meta).fill(1),
      versions: null,
    });
    const { messages, refusals } = decodePacket(encodePacket([body], bare, plain), plain);
    expect(messages).toHaveLength(good ? 1 : 0);
    expect(refusals).toMatchObject(good ? [] : [{ reason: "limit" }]);
  });

  it("a member without a name, address or port is none", () => {
    for (const body of ["0480", "0481a44e6f6465a161", "0380", "0580", "0180"]) {
      expect(decodePacket(hex(body), plain).refusals).toMatchObject([{ reason: "type" }]);
    }
  });

  it("unknown fields are passed, missing ones are zero, versions shorter than six are missing", () => {
    const body = "0484 a3 466f6f 92c0c3 a44e6f6465a161 a441646472a47f000001 a4506f7274 05";
    expect(decodePacket(hex(body), plain).messages).toMatchObject([
      { type: "alive", incarnation: 0, node: "a", meta: new Uint8Array(0), versions: null },
    ]);
  });

  it("an empty packet and one beyond 64 KiB are refused", () => {
    expect(decodePacket(new Uint8Array(0), plain).refusals).toMatchObject([
      { reason: "truncated" },
    ]);
    expect(decodePacket(new Uint8Array(65_537).fill(8), plain).refusals).toMatchObject([
      { reason: "limit" },
    ]);
    expect(decodePacket(new Uint8Array(65_536).fill(8), plain).messages).toHaveLength(1);
  });
});
