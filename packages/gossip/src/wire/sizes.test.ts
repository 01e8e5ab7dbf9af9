import fc from "fast-check";
import { messageBytes, packetBytes } from "../core/sizes.ts";
import type { Arbitrary } from "fast-check";
import type { Address } from "../types.ts";
import type { PacketMessage, Source } from "../messages.ts";
import { plain } from "../test-support/ciphers.ts";
import { hostBytes, hostOf } from "./address.ts";
import { encodeMessage } from "./message-encoder.ts";
import { decodePacket, encodePacket } from "./packet.ts";

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 512 });
const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const host = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => hostOf(hostBytes(text)!));
const address: Arbitrary<Address> = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) });
const source: Arbitrary<Source | null> = fc.option(
  fc.record({ address, node: fc.oneof(name, fc.constant("")) }),
);
const byte = fc.nat(255);
const versions = fc.option(
  fc.record({
    protocolMin: byte,
    protocolMax: byte,
    protocol: byte,
    delegateMin: byte,
    delegateMax: byte,
    delegate: byte,
  }),
);
const type = <T extends string>(value: T): Arbitrary<T> => fc.constant(value);

const message: Arbitrary<PacketMessage> = fc.oneof(
  fc.record({ type: type("ping"), seqNo: uint32, node: name, source }),
  fc.record({
    type: type("indirectPing"),
    seqNo: uint32,
    target: address,
    node: name,
    nack: fc.boolean(),
    source,
  }),
  fc.record({ type: type("ack"), seqNo: uint32, payload: bytes }),
  fc.record({ type: type("nack"), seqNo: uint32 }),
  fc.record({ type: type("suspect"), incarnation: uint32, node: name, from: name }),
  fc.record({ type: type("dead"), incarnation: uint32, node: name, from: name }),
  fc.record({
    type: type("alive"),
    incarnation: uint32,
    node: name,
    address,
    meta: bytes,
    versions,
  }),
  fc.record({ type: type("user"), payload: bytes }),
);

describe("what the core reckons and what the wire takes", () => {
  it("a message has as many bytes as were reckoned, and comes back as it was", () => {
    fc.assert(
      fc.property(message, (original) => {
        const body = encodeMessage(original);
        expect(body.length).toBeLessThanOrEqual(messageBytes(original));
        const packet = encodePacket([body], { crc: false, compress: false }, plain);
        expect(decodePacket(packet, plain)).toEqual({ messages: [original], refusals: [] });
      }),
      { numRuns: 1_000 },
    );
  });

  it("so has a packet of several, wrapped in any way that is not encryption", () => {
    const several = fc.array(message, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(several, fc.boolean(), fc.boolean(), (originals, crc, compress) => {
        const bodies = originals.map((original) => encodeMessage(original));
        const packet = encodePacket(bodies, { crc, compress }, plain);
        expect(packet.length).toBeLessThanOrEqual(packetBytes(originals) + (crc ? 5 : 0));
        expect(decodePacket(packet, plain).messages).toEqual(originals);
      }),
      { numRuns: 200 },
    );
  });
});
