/** A TCP proxy that misbehaves on demand. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** How bytes are passed on from now on. */
export type Manner = "flow" | "stall" | "split";

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

export class Proxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  /** From those who dial to the target, and back. */
  #forth: Manner = "flow";
  #back: Manner = "flow";

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    server.on("connection", (client) => this.#join(client));
  }

  static async to(targetPort: number): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Proxy(server, targetPort);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** `stall`: bytes are not even read; `split`: every byte travels alone. */
  set({ forth, back }: { forth?: Manner; back?: Manner }): void {
    this.#forth = forth ?? this.#forth;
    this.#back = back ?? this.#back;
    for (const { client, upstream } of this.#pairs) {
      if (this.#forth === "stall") client.pause();
      else client.resume();
      if (this.#back === "stall") upstream.pause();
      else upstream.resume();
    }
  }

  /** Breaks every connection. */
  cut(): void {
    for (const { client, upstream } of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket): void {
    const upstream = connect(this.#targetPort, "127.0.0.1");
    const pair: Pair = { client, upstream };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.setNoDelay(true);
      from.on("data", (chunk: Buffer) => {
        void this.#pass(chunk, to, from === client ? this.#forth : this.#back);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
    this.set({});
  }

  async #pass(chunk: Buffer, to: Socket, manner: Manner): Promise<void> {
    if (manner !== "split") {
      to.write(chunk);
      return;
    }
    // One write a byte; those who read may still see some of them together.
    for (const byte of chunk) to.write(Uint8Array.of(byte));
  }
}
