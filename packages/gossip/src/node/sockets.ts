/** The two sockets of a member: UDP and TCP on one port, of one family of addresses or of both. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket as TcpSocket } from "node:net";
import type { Address } from "../types.ts";
import { hostBytes } from "../wire/address.ts";
import { canonicalHost } from "./addresses.ts";

/** How often a free port is looked for that UDP and TCP both have free. */
const BIND_ATTEMPTS = 16;
/** What the kernel is asked to keep for us while we do not read; memberlist asks for as much. */
const RECEIVE_BUFFER_BYTES: number = 2 * 1024 * 1024;

/** What arrives at the sockets. */
export interface SocketListener {
  onPacket(bytes: Uint8Array, from: Address): void;
  onConnection(socket: TcpSocket): void;
  /** A datagram could not be sent, or the kernel told of one that did not arrive. */
  onSocketError(error: Error): void;
}

export class GossipSockets {
  readonly #udp: Socket;
  readonly #tcp: Server;
  #listener: SocketListener | null = null;
  /** Where they are bound: the host as it was given, the port that they really have. */
  readonly bound: Address;

  private constructor(udp: Socket, tcp: Server, bound: Address) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.bound = bound;
    udp.on("error", (error) => this.#listener?.onSocketError(error));
    tcp.on("error", (error) => this.#listener?.onSocketError(error));
  }

  /** Passes on what arrives from now on; what came before is lost, as datagrams may be. */
  listen(listener: SocketListener): void {
    this.#listener = listener;
    this.#udp.on("message", (bytes: Uint8Array, from: RemoteInfo) => {
      listener.onPacket(bytes, { host: canonicalHost(from.address), port: from.port });
    });
    this.#tcp.off("connection", hangUp);
    this.#tcp.on("connection", (socket) => listener.onConnection(socket));
  }

  /**
   * Binds both.
   *
   * @param at - port 0: any that is free for both
   * @throws what the system says, `EADDRINUSE` for one
   */
  static async bind(at: Address): Promise<GossipSockets> {
    for (let attempt = 1; ; attempt += 1) {
      const tcp = await listenTcp(at);
      const { port } = tcp.address() as { port: number };
      try {
        const udp = await bindUdp({ host: at.host, port });
        return new GossipSockets(udp, tcp, { host: at.host, port });
      } catch (error) {
        await closeServer(tcp);
        if (at.port !== 0 || attempt === BIND_ATTEMPTS) throw error;
      }
    }
  }

  /** Bytes that the kernel really keeps of what was not read yet. */
  get receiveBufferBytes(): number {
    return this.#udp.getRecvBufferSize();
  }

  /** Whether something sent to this address can leave these sockets at all. */
  canReach(host: string): boolean {
    const bytes = hostBytes(host);
    if (bytes === null) return false;
    if (bytes.length === 16) return this.#isIpv6;
    return !this.#isIpv6 || this.bound.host === "::";
  }

  /** Sends a datagram; that it does not arrive is nothing unusual. */
  send(bytes: Uint8Array, to: Address): void {
    // A socket of both families has IPv4 addresses as mapped ones.
    const host = this.#isIpv6 && !to.host.includes(":") ? `::ffff:${to.host}` : to.host;
    this.#udp.send(bytes, to.port, host, (error) => {
      if (error !== null) this.#listener?.onSocketError(error);
    });
  }

  /** Closes both; connections have to be closed by whoever has them. */
  async close(): Promise<void> {
    const closed = once(this.#udp, "close");
    this.#udp.close();
    await Promise.all([closed, closeServer(this.#tcp)]);
  }

  get #isIpv6(): boolean {
    return this.bound.host.includes(":");
  }
}

async function listenTcp({ host, port }: Address): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.on("connection", hangUp);
  server.listen({ host, port, exclusive: true });
  await once(server, "listening"); // an error before it is thrown here
  return server;
}

/** Until somebody listens: nobody else would ever close it, and a server waits for its last one. */
function hangUp(socket: TcpSocket): void {
  socket.destroy();
}

async function bindUdp({ host, port }: Address): Promise<Socket> {
  const socket = createSocket({
    type: host.includes(":") ? "udp6" : "udp4",
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // Addresses here are never names: no look-up, and no turn of the event loop for it.
    lookup: (hostname, _options, callback) => {
      callback(null, hostname, hostname.includes(":") ? 6 : 4);
    },
  });
  const bound = once(socket, "listening");
  socket.bind({ address: host, port, exclusive: true });
  try {
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await closed;
}
