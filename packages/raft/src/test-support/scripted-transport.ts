/** A transport at whose other end stands the test: it plays all the other servers itself. */
import type { Message, MessageType, NodeId, Transport, TransportHandler } from "../index.ts";
import { ofType, vote } from "./messages.ts";
import type { MessageOf } from "./messages.ts";
import type { Host } from "./host.ts";

export class ScriptedTransport implements Transport {
  readonly sent: Message[] = [];
  closed = false;
  #handler: TransportHandler | null = null;

  start(handler: TransportHandler): void {
    this.#handler = handler;
  }

  send(message: Message): void {
    this.sent.push(message);
  }

  setMembers(): void {
    // Everybody is played by the test.
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  deliver(...messages: readonly Message[]): void {
    for (const message of messages) this.#handler?.receive(message);
  }

  unreachable(peer: NodeId): void {
    this.#handler?.unreachable(peer);
  }

  sentOf<Type extends MessageType>(type: Type): MessageOf<Type>[] {
    return ofType(this.sent, type);
  }

  /** Lets the node win an election with the votes of these servers. */
  async elect({ node, watch }: Host, voters: readonly NodeId[]): Promise<void> {
    for (const preVote of [true, false]) {
      const asked = preVote ? "preCandidate" : "candidate";
      await watch.until(() => node.status().role === asked);
      const { id: to, term } = node.status();
      const about = preVote ? term + 1 : term;
      for (const from of voters) this.deliver(vote({ from, to, term: about, preVote }));
    }
    await watch.until(() => node.status().role === "leader");
  }
}
