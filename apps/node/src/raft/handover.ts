/** Leadership goes to another node before this one stops, as long as there is one to take it. */
import type { RaftNode } from "@counter/raft";
import type { TransportEvent } from "@counter/transport-http";

import type { Neighbours } from "../membership/neighbours.ts";

export class Handover {
  readonly #neighbours: Pick<Neighbours, "successorPossible">;
  #whenAlone: () => void = () => undefined;

  constructor(neighbours: Pick<Neighbours, "successorPossible">) {
    this.#neighbours = neighbours;
  }

  /** Resolves when another node leads, after a short time anyway, or as soon as nobody else could. */
  async handOver(node: Pick<RaftNode<unknown>, "status" | "stepDown"> | null): Promise<void> {
    if (node?.status().fatal !== null || !this.#neighbours.successorPossible()) return;
    const alone = new Promise<void>((resolve) => (this.#whenAlone = resolve));
    await Promise.race([node.stepDown(), alone]);
  }

  onTransport(event: TransportEvent): void {
    if (event.type === "disconnected" && !this.#neighbours.successorPossible()) this.#whenAlone();
  }
}
