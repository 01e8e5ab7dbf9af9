/** A sentence about the protocol was not true: this member has a bug, and its host must stop it. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "GOSSIP_INVARIANT";
}
