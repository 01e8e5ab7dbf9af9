import type { IndirectPing } from "../messages.ts";
import { acquainted, address, Harness } from "../test-support/harness.ts";
import { lanTiming } from "./options.ts";

/** Lets time pass until a probe goes out; its ping. */
function pinged(h: Harness) {
  h.take();
  while (h.sentOf("ping").length === 0) h.advance(10);
  return h.sentOf("ping")[0]!;
}

describe("a probe (P1, P2)", () => {
  it("goes to one member an interval, and to each of them once in a round", () => {
    const h = acquainted(5);
    const seen: string[] = [];
    for (let i = 0; i < 10; i += 1) {
      const { seqNo, node } = pinged(h);
      h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
      seen.push(node);
    }
    expect(h.now).toBeLessThan(11_000);
    expect(seen.slice(0, 5).sort()).toEqual(["a", "b", "c", "d", "e"]);
    expect(seen.slice(5).sort()).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("that is answered tells how long it took, and what came with it", () => {
    const h = acquainted(3);
    const { seqNo, node } = pinged(h);
    h.now += 7;
    h.receive({ type: "ack", seqNo, payload: Uint8Array.of(5) });
    const pong = h.effects.find((effect) => effect.type === "pong");
    expect(pong).toMatchObject({ node, payload: Uint8Array.of(5) });
    expect(pong!.rttMs).toBeGreaterThanOrEqual(7);
  });

  it("asks three others and tries a stream when the timeout is over, and not before", () => {
    const h = acquainted(6);
    const { seqNo, node } = pinged(h);
    const sentAt = h.now;
    h.advance(sentAt + lanTiming.probeTimeoutMs - 11 - h.now);
    expect(h.sentOf("indirectPing")).toEqual([]);
    h.advance(20);
    const asked = h.sentOf("indirectPing");
    expect(asked).toHaveLength(3);
    for (const request of asked) expect(request).toMatchObject({ seqNo, node, nack: true });
    expect(h.opened.map(({ message }) => message)).toContainEqual(
      expect.objectContaining({ type: "ping", seqNo, node }),
    );
  });

  it("asks everybody else where there are fewer than three, and never the member itself", () => {
    const h = acquainted(3);
    const { node } = pinged(h);
    h.advance(600);
    const asked = h.effects.flatMap((e) =>
      e.type === "packet" && e.messages.some((m) => m.type === "indirectPing") ? [e.to.host] : [],
    );
    expect(asked).toHaveLength(2);
    expect(asked).not.toContain(address(2 + "abc".indexOf(node)).host);
  });

  it.each(["a packet that came around", "a stream"])("is good if the answer is in %s", (how) => {
    const h = acquainted(6);
    const { seqNo } = pinged(h);
    h.advance(700);
    const payload = new Uint8Array(0);
    if (how === "a stream") {
      const { exchange } = h.opened.find(({ message }) => message.type === "ping")!;
      h.step({ type: "streamAnswered", exchange, message: { type: "ack", seqNo, payload } });
    } else h.receive({ type: "ack", seqNo, payload });
    h.advance(400);
    expect(h.story).toEqual([]);
    expect(h.notes.filter(({ type }) => type === "probeFailed")).toEqual([]);
  });

  it("that nobody answered makes a suspect, which is told to the others", () => {
    const h = acquainted(6);
    const { node } = pinged(h);
    h.advance(1000);
    expect(h.story).toEqual([`suspect ${node}`]);
    expect(h.sentOf("suspect")).toContainEqual({
      ...{ type: "suspect", incarnation: 1, node, from: "self" },
    });
  });

  it("of a suspect tells it so (buddy)", () => {
    const h = acquainted(1);
    h.receive({ type: "suspect", incarnation: 1, node: "a", from: "b" });
    h.advance(3000); // the rumour is told as often as it is
    h.take();
    h.advance(2500);
    for (const effect of h.effects) {
      if (effect.type !== "packet" || effect.messages[0]!.type !== "ping") continue;
      expect(effect.messages).toContainEqual(
        expect.objectContaining({ type: "suspect", node: "a" }),
      );
    }
    expect(h.sentOf("ping").length).toBeGreaterThan(0);
  });
});

describe("local health (P4)", () => {
  function failedWith(nacks: number): Harness {
    const h = acquainted(6);
    const { seqNo } = pinged(h);
    h.advance(700);
    for (let i = 0; i < nacks; i += 1) h.receive({ type: "nack", seqNo });
    while (!h.notes.some(({ type }) => type === "probeFailed")) h.advance(1);
    h.advance(100);
    return h;
  }

  it.each([
    { nacks: 3, score: 0 },
    { nacks: 2, score: 1 },
    { nacks: 0, score: 3 },
    { nacks: 9, score: 0 },
  ])("$nacks of three nacks leave a score of $score", ({ nacks, score }) => {
    expect(failedWith(nacks).core.status().health).toBe(score);
  });

  it("rises by one where nobody could help, never above the worst, and falls with an answer", () => {
    const h = acquainted(1, { timing: { suspicionMult: 1000 } });
    for (let i = 0; i < 40; i += 1) h.advance(1000);
    expect(h.core.status().health).toBe(7);
    const { seqNo } = pinged(h);
    h.receive({ type: "ack", seqNo, payload: new Uint8Array(0) });
    expect(h.core.status().health).toBe(6);
  });

  it("stretches both the timeout and the interval of a probe", () => {
    const h = failedWith(1); // a score of 2: three times as long
    const node = h.sentOf("ping").at(-1)!.node; // the next probe began when that one failed
    const sentAt = h.now - 100;
    h.take();
    h.advance(sentAt + 1400 - h.now);
    expect(h.sentOf("indirectPing")).toEqual([]);
    h.advance(200);
    expect(h.sentOf("indirectPing")).not.toEqual([]);
    h.take();
    h.advance(sentAt + 2900 - h.now);
    expect(h.story).toEqual([]);
    h.advance(200);
    expect(h.story).toContain(`suspect ${node}`);
  });
});

describe("helping others (P2)", () => {
  const request: IndirectPing = {
    ...{ type: "indirectPing", seqNo: 77, target: address(3), node: "b", nack: true },
    source: { address: address(2), node: "a" },
  };

  it("pings with a number of its own, and passes the answer on under theirs", () => {
    const h = new Harness();
    h.receive(request);
    const [ping] = h.sentOf("ping", address(3));
    expect(ping).toMatchObject({ node: "b" });
    h.receive({ type: "ack", seqNo: ping!.seqNo, payload: Uint8Array.of(1) });
    expect(h.sentOf("ack", address(2))).toEqual([
      { type: "ack", seqNo: 77, payload: new Uint8Array(0) },
    ]);
    h.advance(2000);
    expect(h.sentOf("nack")).toEqual([]);
  });

  it("says that it heard nothing while the one who asked still waits", () => {
    const h = new Harness();
    h.receive(request);
    h.advance(399);
    expect(h.sentOf("nack")).toEqual([]);
    h.advance(1);
    expect(h.sentOf("nack", address(2))).toEqual([{ type: "nack", seqNo: 77 }]);
    const { probeIntervalMs, probeTimeoutMs, nackAfterMs } = lanTiming;
    expect(nackAfterMs).toBeLessThanOrEqual(0.8 * (probeIntervalMs - probeTimeoutMs));
  });

  it("passes an answer on that comes after the nack", () => {
    const h = new Harness();
    h.receive(request);
    h.advance(450);
    h.receive({ type: "ack", seqNo: h.sentOf("ping")[0]!.seqNo, payload: new Uint8Array(0) });
    expect(h.sentOf("ack", address(2))).toHaveLength(1);
  });

  it("sends no nack to whoever does not want one", () => {
    const h = new Harness();
    h.receive({ ...request, nack: false });
    h.advance(2000);
    expect(h.sentOf("nack")).toEqual([]);
    expect(h.core.status().relays).toBe(0);
  });

  it("makes so many pings for others at a time and no more, until some are over", () => {
    const h = new Harness({ limits: { relaysMax: 2 } });
    h.receive(request, request, request);
    expect(h.sentOf("ping")).toHaveLength(2);
    expect(h.notes).toContainEqual(expect.objectContaining({ reason: "relaysFull" }));
    h.advance(1000);
    h.receive(request);
    expect(h.sentOf("ping")).toHaveLength(3);
  });
});

describe("answering", () => {
  const ping = { type: "ping", seqNo: 5, node: "self", source: null } as const;

  it("goes to where the sender wants it, or to where the packet came from", () => {
    const h = new Harness();
    h.receive(ping);
    expect(h.sentOf("ack", address(99))).toHaveLength(1);
    h.receive({ ...ping, source: { address: address(7), node: "" } });
    expect(h.sentOf("ack", address(7))).toHaveLength(1);
  });

  it("carries what the layer above wants to say", () => {
    const h = new Harness();
    h.step({ type: "ackPayload", payload: Uint8Array.of(1, 2) });
    h.receive(ping);
    expect(h.sentOf("ack")[0]!.payload).toEqual(Uint8Array.of(1, 2));
  });

  it("is not done under another name, whoever had our address before", () => {
    const h = new Harness();
    h.receive({ ...ping, node: "other" });
    h.step({ type: "stream", stream: 1, from: address(9), message: { ...ping, node: "other" } });
    expect(h.effects.filter(({ type }) => type !== "note")).toEqual([]);
    expect(h.notes).toContainEqual(expect.objectContaining({ reason: "wrongName" }));
  });

  it("works over a stream as well", () => {
    const h = new Harness();
    h.step({ type: "stream", stream: 3, from: address(9), message: ping });
    expect(h.effects).toContainEqual({
      ...{ type: "answerStream", stream: 3 },
      message: { type: "ack", seqNo: 5, payload: new Uint8Array(0) },
    });
  });
});
