import type { RefusalReason } from "../core/door.ts";

/** The member did not do what it was asked; `reason` says whether and why. */
export class GossipRefusedError extends Error {
  override readonly name = "GossipRefusedError";
  readonly code = "GOSSIP_REFUSED";
  /** Nothing happened, unless it is `unreachable`: then a message may have arrived all the same. */
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason) {
    super(`refused: ${reason}`);
    this.reason = reason;
  }
}

/** The member was closed before it could do what it was asked. */
export class GossipClosedError extends Error {
  override readonly name = "GossipClosedError";
  readonly code = "GOSSIP_CLOSED";
  constructor() {
    super("the member is closed");
  }
}
