/**
 * How many bytes a message will be on the wire, so that packets can be filled without encoding
 * anything: a type byte and a msgpack map, with names and bytes in the old raw form.
 */
import type { PacketMessage, Source } from "../messages.ts";
import type { Address } from "../types.ts";

/** A message among others in a packet costs its length as well; the compound itself two bytes. */
export const compoundHeaderBytes: number = 2;
export const compoundPartBytes: number = 2;
/** The count of messages is one byte. */
export const compoundPartsMax: number = 255;

/** Bytes of a text in UTF-8; a lone surrogate counts as the three of its replacement. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

function raw(length: number): number {
  return (length < 32 ? 1 : length < 0x1_0000 ? 3 : 5) + length;
}

function uint(value: number): number {
  return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x1_0000 ? 3 : 5;
}

function text(value: string): number {
  return raw(utf8Bytes(value));
}

function key(name: string): number {
  return 1 + name.length;
}

function hostBytes({ host }: Address): number {
  return raw(host.includes(":") ? 16 : 4);
}

function sourceBytes(source: Source | null): number {
  if (source === null) return 0;
  const { address, node } = source;
  return (
    key("SourceAddr") +
    hostBytes(address) +
    key("SourcePort") +
    uint(address.port) +
    (node === "" ? 0 : key("SourceNode") + text(node))
  );
}

/** Type byte and the head of a map of up to fifteen fields. */
const head = 2;

/** Never less than the encoded message is, its type byte included. */
export function messageBytes(m: PacketMessage): number {
  switch (m.type) {
    case "ping":
      return (
        head + (key("SeqNo") + uint(m.seqNo)) + (key("Node") + text(m.node)) + sourceBytes(m.source)
      );
    case "indirectPing":
      return (
        head +
        (key("SeqNo") + uint(m.seqNo)) +
        (key("Target") + hostBytes(m.target)) +
        (key("Port") + uint(m.target.port)) +
        (key("Node") + text(m.node)) +
        (key("Nack") + 1) +
        sourceBytes(m.source)
      );
    case "ack":
      return head + (key("SeqNo") + uint(m.seqNo)) + (key("Payload") + raw(m.payload.length));
    case "nack":
      return head + (key("SeqNo") + uint(m.seqNo));
    case "suspect":
    case "dead":
      return (
        head +
        (key("Incarnation") + uint(m.incarnation)) +
        (key("Node") + text(m.node)) +
        (key("From") + text(m.from))
      );
    case "alive":
      return (
        head +
        (key("Incarnation") + uint(m.incarnation)) +
        (key("Node") + text(m.node)) +
        (key("Addr") + hostBytes(m.address)) +
        (key("Port") + uint(m.address.port)) +
        (key("Meta") + raw(m.meta.length)) +
        (key("Vsn") + raw(6))
      );
    case "user":
      return 1 + m.payload.length;
  }
}

/** Bytes of a packet with these messages: alone as it is, several as a compound. */
export function packetBytes(messages: readonly PacketMessage[]): number {
  let bytes = messages.length === 1 ? 0 : compoundHeaderBytes;
  for (const message of messages) {
    bytes += messageBytes(message) + (messages.length === 1 ? 0 : compoundPartBytes);
  }
  return bytes;
}
