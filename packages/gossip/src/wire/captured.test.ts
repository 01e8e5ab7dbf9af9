/** What real agents sent is understood, and what we would send for it is the same. */
import { Keyring } from "../node/keyring.ts";
import { accepted, toHex } from "../test-support/bytes.ts";
import { captured, capturedEncrypted, capturedKey } from "../test-support/captured.ts";
import { encryptedWith, plain } from "../test-support/ciphers.ts";
import type { PacketMessage, StreamMessage, UserMessage } from "../messages.ts";
import { decodeCoordinate, encodeCoordinate } from "./coordinate.ts";
import { encodeMessage } from "./message-encoder.ts";
import type { WireOptions } from "./options.ts";
import { decodePacket, encodePacket } from "./packet.ts";
import { decodeSerf } from "./serf-decoder.ts";
import { encodeSerf } from "./serf-encoder.ts";
import type { SerfMessage } from "./serf-messages.ts";
import { StreamDecoder } from "./stream-decoder.ts";
import { encodeStream } from "./stream-encoder.ts";
import { decodeTags, encodeTags } from "./tags.ts";

function messagesOf(bytes: Uint8Array, options: WireOptions = plain): readonly PacketMessage[] {
  const { messages, refusals } = decodePacket(bytes, options);
  expect(refusals).toEqual([]);
  return messages;
}

function serfOf(bytes: Uint8Array): readonly SerfMessage[] {
  const users = messagesOf(bytes).filter(
    (message): message is UserMessage => message.type === "user",
  );
  return users.map((user) => accepted(decodeSerf(user.payload)));
}

function streamOf(bytes: Uint8Array, options: WireOptions = plain): StreamMessage {
  const decoder = new StreamDecoder(options);
  decoder.push(bytes);
  decoder.end();
  for (;;) {
    const step = decoder.step();
    if (step.kind === "message") {
      expect(step.refusals).toEqual([]);
      return step.message;
    }
    if (step.kind !== "more") throw new Error(JSON.stringify(step));
  }
}

const debian = {
  protocolMin: 1,
  protocolMax: 5,
  protocol: 2,
  delegateMin: 2,
  delegateMax: 5,
  delegate: 5,
};
const a = { host: "127.0.0.1", port: 27_946 };
const b = { host: "127.0.0.1", port: 27_957 };
const c = { host: "127.0.0.1", port: 27_958 };

describe("packets of real agents", () => {
  it("a probe says where to answer", () => {
    expect(messagesOf(captured.ping)).toEqual([
      { type: "ping", seqNo: 2, node: "b", source: { address: a, node: "a" } },
    ]);
  });

  it("an indirect probe says whom to ask", () => {
    const source = { address: a, node: "a" };
    expect(messagesOf(captured.indirectPing)).toEqual([
      { type: "indirectPing", seqNo: 9, target: c, node: "c", nack: true, source },
    ]);
  });

  it("an answer carries a coordinate", () => {
    const [ack] = messagesOf(captured.ack);
    if (ack?.type !== "ack") throw new Error("no answer");
    const coordinate = accepted(decodeCoordinate(ack.payload));
    expect(coordinate.vector).toHaveLength(8);
    expect(coordinate.error).toBeGreaterThan(0);
    expect(toHex(encodeCoordinate(coordinate))).toBe(toHex(ack.payload));
  });

  it("a checksum around a compound holds a probe and a doubt", () => {
    expect(messagesOf(captured.suspectAndPing)).toEqual([
      { type: "ping", seqNo: 14, node: "b", source: { address: a, node: "a" } },
      { type: "suspect", incarnation: 2, node: "b", from: "a" },
    ]);
  });

  it("who leaves says so of itself", () => {
    expect(messagesOf(captured.dead)).toEqual([
      { type: "dead", incarnation: 1, node: "c", from: "c" },
    ]);
  });

  it("a member announces its tags and versions", () => {
    const [alive] = messagesOf(captured.alive);
    if (alive?.type !== "alive") throw new Error("no alive");
    expect(alive).toMatchObject({ incarnation: 2, node: "b", address: b, versions: debian });
    const tags = accepted(decodeTags(alive.meta));
    expect([...tags]).toEqual([
      ["role", "db2"],
      ["zone", "z"],
    ]);
    expect(toHex(encodeTags(tags))).toBe(toHex(alive.meta));
  });

  it.each(Object.entries(captured).filter(([name]) => !/^(join(Req|Ans)|later|stream)/.test(name)))(
    "%s is written again byte by byte",
    (_name, bytes) => {
      const crc = bytes[0] === 12;
      const inner = crc ? bytes[5] : bytes[0];
      const bodies = messagesOf(bytes).map((message) => encodeMessage(message));
      const again = encodePacket(bodies, { crc, compress: inner === 9 }, plain);
      expect(toHex(again)).toBe(toHex(bytes));
    },
  );
});

describe("payloads of real serf agents", () => {
  it("joins and leaves are intents with times", () => {
    expect(serfOf(captured.joinIntents)).toEqual([
      { type: "join", time: 1, node: "a" },
      { type: "join", time: 1, node: "c" },
    ]);
    expect(serfOf(captured.userLeave)).toEqual([
      { type: "leave", time: 2, node: "c", prune: false },
    ]);
  });

  it("a query has its filters", () => {
    expect(serfOf(captured.filteredQuery)).toMatchObject([
      {
        type: "query",
        source: b,
        sourceNode: "b",
        filters: [
          { kind: "names", names: ["a"] },
          { kind: "tag", tag: "role", expression: "web" },
        ],
        ack: true,
        relayFactor: 1,
        timeoutMs: 1_000,
        name: "load",
      },
    ]);
  });

  it("an answer may come through a third member", () => {
    const [relay] = serfOf(captured.relayedAck);
    if (relay?.type !== "relay") throw new Error("no relay");
    expect(relay).toMatchObject({ to: b, node: "b" });
    expect(accepted(decodeSerf(relay.payload))).toMatchObject({ type: "queryResponse", ack: true });
  });

  it("a query for keys holds a request", () => {
    const [query] = serfOf(captured.keysQuery);
    if (query?.type !== "query") throw new Error("no query");
    expect(query.name).toBe("_serf_list-keys");
    const request = accepted(decodeSerf(query.payload));
    expect(request).toEqual({ type: "keyRequest", key: new Uint8Array(0) });
    expect(toHex(encodeSerf(request))).toBe(toHex(query.payload));
  });

  it.each([
    "joinIntents",
    "userJoin",
    "userLeave",
    "query",
    "filteredQuery",
    "keysQuery",
    "queryAck",
    "relayedAck",
  ] as const)("%s is written again byte by byte", (name) => {
    for (const message of messagesOf(captured[name])) {
      if (message.type !== "user") continue;
      const again = encodeSerf(accepted(decodeSerf(message.payload)));
      expect(toHex(again)).toBe(toHex(message.payload));
    }
  });
});

describe("streams of real agents", () => {
  it("a join asks with one member and is answered with the tables of both sides", () => {
    const asked = streamOf(captured.joinRequest);
    expect(asked).toMatchObject({ type: "pushPull", join: true });
    if (asked.type !== "pushPull") return;
    expect(asked.states).toMatchObject([
      { name: "a", address: a, incarnation: 1, state: "alive", versions: debian },
    ]);
    expect(accepted(decodeSerf(asked.userState))).toMatchObject({
      type: "pushPull",
      statusTimes: new Map([["a", 0]]),
    });
    const later = streamOf(captured.laterAnswer);
    expect(later.type === "pushPull" && later.states.map((state) => state.name).toSorted()).toEqual(
      ["a", "b"],
    );
  });

  it("a probe over TCP is answered over TCP", () => {
    const [ping, ack] = [streamOf(captured.streamPing), streamOf(captured.streamAck)];
    expect(ping).toMatchObject({ type: "ping", node: "c" });
    expect(ack).toMatchObject({ type: "ack", seqNo: ping.type === "ping" ? ping.seqNo : -1 });
  });

  it.each(["joinRequest", "joinAnswer", "laterAnswer", "streamPing", "streamAck"] as const)(
    "%s is written again byte by byte",
    (name) => {
      const again = encodeStream(streamOf(captured[name]), { compress: true }, plain);
      expect(toHex(again)).toBe(toHex(captured[name]));
    },
  );
});

describe("an encrypted cluster of real agents", () => {
  const options = encryptedWith(new Keyring(Buffer.from(capturedKey, "base64")));

  it("its packets and streams open with the key", () => {
    expect(messagesOf(capturedEncrypted.ping, options)).toMatchObject([{ type: "ping" }]);
    expect(messagesOf(capturedEncrypted.packet, options).length).toBeGreaterThan(1);
    expect(streamOf(capturedEncrypted.joinRequest, options)).toMatchObject({ join: true });
    expect(streamOf(capturedEncrypted.joinAnswer, options)).toMatchObject({ type: "pushPull" });
  });

  it("nothing opens with another key", () => {
    const other = encryptedWith(new Keyring(new Uint8Array(32)));
    for (const bytes of [capturedEncrypted.ping, capturedEncrypted.packet]) {
      const { messages, refusals } = decodePacket(bytes, other);
      expect(messages).toEqual([]);
      expect(refusals).toMatchObject([{ reason: "encryption" }]);
    }
    const decoder = new StreamDecoder(other);
    decoder.push(capturedEncrypted.joinRequest);
    let step = decoder.step();
    while (step.kind === "more") step = decoder.step();
    expect(step).toMatchObject({ kind: "refused", refusal: { reason: "encryption" } });
  });
});
