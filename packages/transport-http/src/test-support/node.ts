/** A real HTTP server with a transport on it, and everything that it saw. */
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";

import type { Member, Message, NodeId, TransportHandler } from "@counter/raft";

import type { TransportEvent } from "../events.ts";
import { HttpTransport } from "../http-transport.ts";
import type { HttpTransportOptions, KnownDirectories } from "../options.ts";
import { Watch } from "./watch.ts";

/** Directory ids for as long as the test runs. */
export class Directory implements KnownDirectories {
  readonly ids = new Map<NodeId, string>();
  get(id: NodeId): string | null {
    return this.ids.get(id) ?? null;
  }
  async remember(id: NodeId, directoryId: string): Promise<void> {
    this.ids.set(id, directoryId);
  }
}

export type TestNodeOptions = Partial<HttpTransportOptions> & {
  readonly id: NodeId;
  readonly port?: number;
  readonly onRequest?: RequestListener;
};

/** Quick enough for tests: short backoff, patience as in production. */
const QUICK = { backoffMinMs: 5, backoffMaxMs: 40 };

export class TestNode implements TransportHandler {
  readonly id: NodeId;
  readonly port: number;
  readonly server: Server;
  readonly transport: HttpTransport;
  readonly received: Message[] = [];
  readonly unreachablePeers: NodeId[] = [];
  readonly events: TransportEvent[] = [];
  readonly watch: Watch;

  private constructor(server: Server, options: TestNodeOptions) {
    this.id = options.id;
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    this.watch = new Watch();
    this.transport = new HttpTransport({
      clusterId: "blue",
      directoryId: `directory-of-${options.id}`,
      knownDirectories: new Directory(),
      onEvent: (event) => {
        this.events.push(event);
        this.watch.notify();
      },
      ...options,
      limits: { ...QUICK, ...options.limits },
    });
    this.transport.attach(server);
  }

  /** Listens, but knows nobody yet. */
  static async listen(options: TestNodeOptions): Promise<TestNode> {
    const server = createServer(options.onRequest ?? ((_, response) => response.end("hello")));
    await new Promise<void>((resolve) => {
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    const node = new TestNode(server, options);
    node.transport.start(node);
    return node;
  }

  get member(): Member {
    return { id: this.id, address: `127.0.0.1:${this.port}` };
  }

  receive(message: Message): void {
    this.received.push(message);
    this.watch.notify();
  }

  unreachable(peer: NodeId): void {
    this.unreachablePeers.push(peer);
    this.watch.notify();
  }

  isConnected(peer: NodeId): boolean {
    return this.transport.stats().peers[peer]?.connected === true;
  }

  /** Resolves when the stream that we dial to this peer is there. */
  dialled(peer: NodeId): Promise<void> {
    return this.watch.until(() => this.transport.stats().peers[peer]?.dialled === true);
  }

  /** The first event of this type, now or later. */
  async event<Type extends TransportEvent["type"]>(
    type: Type,
    matches: (event: Extract<TransportEvent, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<TransportEvent, { type: Type }>> {
    const isIt = (event: TransportEvent): event is Extract<TransportEvent, { type: Type }> =>
      event.type === type && matches(event as Extract<TransportEvent, { type: Type }>);
    await this.watch.until(() => this.events.some(isIt));
    return this.events.find(isIt)!;
  }

  /** Closes the transport, then the server. */
  async close(): Promise<void> {
    await this.transport.close();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** Nodes of one test; each is closed after it. */
export class Nodes {
  readonly #nodes: TestNode[] = [];

  async listen(options: TestNodeOptions): Promise<TestNode> {
    const node = await TestNode.listen(options);
    this.#nodes.push(node);
    return node;
  }

  /** Nodes that know and have dialled each other. */
  async cluster(...all: readonly TestNodeOptions[]): Promise<TestNode[]> {
    const nodes = await Promise.all(all.map((options) => this.listen(options)));
    const members = nodes.map((node) => node.member);
    for (const node of nodes) node.transport.setMembers(members);
    const others = (node: TestNode): TestNode[] => nodes.filter((other) => other !== node);
    await Promise.all(nodes.flatMap((node) => others(node).map((other) => node.dialled(other.id))));
    return nodes;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.close()));
  }
}
