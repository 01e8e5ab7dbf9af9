/**
 * The network between the nodes of a test, with links that can be cut: a proxy in front of each
 * node, which the others take for the node itself (`--advertise`). Clients do not come this way.
 *
 * A connection says in its first bytes who opens it: peers in the header of their handshake, a node
 * that forwards a request in `Counter-Forwarded`. What crosses a cut link is neither delivered nor
 * refused: to both ends the other one is silent.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** Longest head that is waited for. Only nodes talk to a proxy, and theirs are short. */
const headMaxBytes = 16 * 1024;

interface Connection {
  readonly from: string;
  readonly to: string;
  readonly sockets: readonly Socket[];
}

export class Links {
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  /** Pairs `a b`, both ways round. */
  readonly #cut = new Set<string>();

  /** Opens a proxy on this port in front of `target`. Its address is that of the node for all. */
  async open(proxyPort: number, target: number): Promise<void> {
    const server = createServer((socket) => this.#accept(socket, `127.0.0.1:${proxyPort}`, target));
    server.listen(proxyPort, "127.0.0.1");
    await once(server, "listening");
    this.#servers.push(server);
  }

  /** From now on nothing goes from one group to the other, in either direction. */
  cut(some: readonly string[], others: readonly string[]): void {
    for (const a of some) {
      for (const b of others) this.#cut.add(`${a} ${b}`).add(`${b} ${a}`);
    }
    for (const connection of this.#connections) this.#judge(connection);
  }

  /** From now on one node cannot dial the other; the other way round nothing changes. */
  cutOneWay(from: string, to: string): void {
    this.#cut.add(`${from} ${to}`);
    for (const connection of this.#connections) this.#judge(connection);
  }

  /** Whole again. What was on the way is delivered, as a real network may do. */
  heal(): void {
    this.#cut.clear();
    for (const connection of this.#connections) this.#judge(connection);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  #accept(socket: Socket, to: string, target: number): void {
    this.#keep(socket);
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      if (head.indexOf("\r\n\r\n") < 0 && head.length < headMaxBytes) return;
      socket.off("data", onData);
      socket.pause();
      const named = /^counter-(?:raft-from|peer-from|forwarded): *(\S+)/im.exec(
        head.toString("latin1"),
      );
      this.#join(socket, head, { from: named?.[1] ?? "", to, target });
    };
    socket.on("data", onData);
  }

  #join(
    near: Socket,
    head: Buffer,
    { from, to, target }: { readonly from: string; readonly to: string; readonly target: number },
  ): void {
    const far = connect(target, "127.0.0.1");
    this.#keep(far);
    near.unshift(head);
    const connection: Connection = { from, to, sockets: [near, far] };
    this.#connections.add(connection);
    const end = (): void => {
      this.#connections.delete(connection);
      near.destroy();
      far.destroy();
    };
    near.once("close", end);
    far.once("close", end);
    this.#judge(connection);
  }

  /** Data flows, or waits in the sockets. */
  #judge({ from, to, sockets }: Connection): void {
    const [near, far] = sockets;
    near!.unpipe(far);
    far!.unpipe(near);
    if (this.#cut.has(`${from} ${to}`)) {
      near!.pause();
      far!.pause();
    } else {
      near!.pipe(far!);
      far!.pipe(near!);
    }
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
