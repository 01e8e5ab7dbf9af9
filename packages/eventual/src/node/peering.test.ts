import type { Input } from "../core/door.ts";
import type { Message, Reply, Request } from "../messages.ts";
import { sender } from "../test-support/messages.ts";
import { until } from "../test-support/host.ts";
import { decodeReply, encodeReply, encodeRequest } from "../wire/message-codec.ts";
import { answersMax } from "./answering.ts";
import { exchangesMax } from "./exchanges.ts";
import { Peering } from "./peering.ts";
import type { ReplicaTransport, TransportHandler } from "./ports.ts";

/** A transport whose exchanges end as a test says. */
class OpenTransport implements ReplicaTransport {
  readonly asked: {
    readonly to: string;
    readonly signal: AbortSignal;
    readonly resolve: (reply: Uint8Array) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  handler: TransportHandler | null = null;

  start(handler: TransportHandler): void {
    this.handler = handler;
  }

  exchange(
    to: string,
    _kind: unknown,
    _request: unknown,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => this.asked.push({ to, signal, resolve, reject }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function setup(): { transport: OpenTransport; peering: Peering; inputs: Input[] } {
  const transport = new OpenTransport();
  const inputs: Input[] = [];
  const step = (input: Input): void => void inputs.push(input);
  const peering = new Peering({ transport, address: "a:1", exchangeTicks: 3, step });
  peering.start();
  return { transport, peering, inputs };
}

const health = (exchange: number): Message => {
  return { kind: "request", to: "b:1", exchange, sender, body: { type: "health" } };
};
const healthy: Reply = { type: "healthy", vectorHash: 5, ready: true };

describe("our requests", () => {
  it("end with their reply", async () => {
    const { transport, peering, inputs } = setup();
    peering.send(health(4));
    transport.asked[0]!.resolve(encodeReply({ sender, body: healthy }));
    await until(() => inputs.length === 1, "it is told");
    const message = { kind: "reply", exchange: 4, sender, body: healthy };
    expect(inputs).toEqual([{ type: "receive", message }]);
    expect(peering.exchanges).toBe(0);
  });

  it("end as unanswered when they fail, or the reply makes no sense", async () => {
    const { transport, peering, inputs } = setup();
    peering.send(health(4));
    peering.send(health(5));
    transport.asked[0]!.reject(new Error("nobody there"));
    transport.asked[1]!.resolve(Uint8Array.of(1, 2));
    await until(() => inputs.length === 2, "both are told");
    expect(inputs).toEqual([4, 5].map((exchange) => ({ type: "unanswered", exchange })));
    expect(peering.malformed).toBe(1);
  });

  it("are given up after their time, and what comes later is not heard", async () => {
    const { transport, peering, inputs } = setup();
    peering.send(health(4));
    peering.onTick();
    peering.send(health(5));
    peering.onTick();
    expect(inputs).toEqual([]);
    peering.onTick();
    expect(inputs).toEqual([{ type: "unanswered", exchange: 4 }]);
    expect(transport.asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    transport.asked[0]!.resolve(encodeReply({ sender, body: healthy }));
    transport.asked[1]!.reject(new Error("nobody there"));
    await until(() => inputs.length === 2, "the other one is told");
    expect(inputs[1]).toEqual({ type: "unanswered", exchange: 5 });
  });

  it("are limited, and what is beyond ends as unanswered, a moment later", async () => {
    const { transport, peering, inputs } = setup();
    for (let exchange = 1; exchange <= exchangesMax; exchange += 1) peering.send(health(exchange));
    expect(transport.asked).toHaveLength(exchangesMax);
    peering.send(health(9999));
    expect(transport.asked).toHaveLength(exchangesMax);
    expect(inputs).toEqual([]); // never while the core is being carried out
    await until(() => inputs.length === 1, "it is told");
    expect(inputs).toEqual([{ type: "unanswered", exchange: 9999 }]);
  });

  it("are aborted at the end, and nobody is told", async () => {
    const { transport, peering, inputs } = setup();
    peering.send(health(4));
    peering.stop();
    expect(transport.asked[0]!.signal.aborted).toBe(true);
    transport.asked[0]!.reject(new Error("aborted"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(inputs).toEqual([]);
  });
});

describe("the requests of others", () => {
  const request = (body: Request): Uint8Array => encodeRequest({ sender, body });

  it("are numbered for the core, and answered with what it says", async () => {
    const { transport, peering, inputs } = setup();
    const answers = [1, 2].map(() =>
      transport.handler!.answer("health", request({ type: "health" })),
    );
    expect(inputs).toEqual(
      [1, 2].map((exchange) => ({
        type: "receive",
        message: { kind: "request", to: "a:1", exchange, sender, body: { type: "health" } },
      })),
    );
    for (const exchange of [2, 1]) {
      const body: Reply = { type: "healthy", vectorHash: exchange, ready: true };
      peering.send({ kind: "reply", exchange, sender, body });
    }
    const replies = (await Promise.all(answers)).map((bytes) => decodeReply(bytes).body);
    expect(replies).toMatchObject([{ vectorHash: 1 }, { vectorHash: 2 }]);
  });

  it("are refused when they make no sense, or came the wrong way", async () => {
    const { transport, peering, inputs } = setup();
    const { handler } = transport;
    await expect(handler!.answer("health", Uint8Array.of(9))).rejects.toMatchObject({
      code: "EVENTUAL_MALFORMED",
    });
    await expect(handler!.answer("push", request({ type: "health" }))).rejects.toMatchObject({
      code: "EVENTUAL_MALFORMED",
    });
    expect(peering.malformed).toBe(2);
    expect(inputs).toEqual([]);
  });

  it("are let go when the core does not answer in time, and at the end", async () => {
    const { transport, peering } = setup();
    const { handler } = transport;
    const late = handler!.answer("health", request({ type: "health" }));
    for (let tick = 0; tick < 3; tick += 1) peering.onTick();
    await expect(late).rejects.toMatchObject({ code: "EVENTUAL_OVERLOADED" });
    peering.send({ kind: "reply", exchange: 1, sender, body: healthy }); // heard by nobody
    const last = handler!.answer("health", request({ type: "health" }));
    peering.stop();
    await expect(last).rejects.toMatchObject({ code: "EVENTUAL_STOPPED" });
    await expect(handler!.answer("health", request({ type: "health" }))).rejects.toMatchObject({
      code: "EVENTUAL_STOPPED",
    });
  });

  it("are limited, and what is beyond is refused at once", async () => {
    const { transport, peering } = setup();
    const { handler } = transport;
    const ask = (): Promise<unknown> => handler!.answer("health", request({ type: "health" }));
    const waiting = Array.from({ length: answersMax }, () => ask().catch(() => "refused"));
    await expect(ask()).rejects.toMatchObject({ code: "EVENTUAL_OVERLOADED" });
    peering.send({ kind: "reply", exchange: 1, sender, body: healthy });
    await waiting[0];
    const next = ask().catch(() => "stopped");
    peering.stop();
    expect(await next).toBe("stopped");
    await Promise.all(waiting);
  });
});
