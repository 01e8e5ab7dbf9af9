/** What one process knows of changing the membership: what it was asked for, and whom to reach. */
import type { Input, Member, Message, NodeId, Outcome, Ready } from "@counter/raft";
import type { Invariants } from "./invariants.ts";
import type { ServerView } from "./server-view.ts";

type ChangeInput = Extract<Input, { type: "changeMembership" }>;

/** A change of the membership, as an operator asks for it. */
export type MembershipRequest = Omit<ChangeInput, "type" | "context">;

export class MembershipDesk {
  readonly #invariants: Invariants;
  readonly #server: ServerView;
  readonly #asked = new Map<number, MembershipRequest>();
  #nextContext = 0;
  #contacts: ReadonlySet<NodeId> = new Set();

  constructor(invariants: Invariants, server: ServerView) {
    this.#invariants = invariants;
    this.#server = server;
  }

  /** Contexts of changes are below 0, apart from those of clients. */
  ask(change: MembershipRequest): Input {
    this.#nextContext -= 1;
    const context = this.#nextContext;
    this.#asked.set(context, change);
    return { type: "changeMembership", context, ...change };
  }

  /** Before anything is sent: the transport learns whom it reaches. */
  onReady({ contacts, outcomes, notes }: Ready): void {
    if (contacts !== null) this.#contacts = idsOf(contacts);
    for (const outcome of outcomes) this.#onOutcome(outcome);
    for (const note of notes) this.#invariants.configurations.onNote(note);
  }

  onSend(message: Message): void {
    this.#invariants.onAddress(this.#server, message, this.#contacts);
  }

  #onOutcome(outcome: Outcome): void {
    const change = this.#asked.get(outcome.context);
    if (change === undefined) return;
    this.#asked.delete(outcome.context);
    this.#invariants.configurations.onOutcome(this.#server, outcome, change);
  }
}

function idsOf(members: readonly Member[]): ReadonlySet<NodeId> {
  return new Set(members.map(({ id }) => id));
}
