/** What members of a gossip cluster say and do as text, for traces: `seconds  who  what`. */
import type { Address, Effect, Input, Message, Note } from "@counter/gossip";

/** The simulated address of `n7` as `n7`. */
export function describeAddress({ host }: Address): string {
  const [, a, b, c] = host.split(".");
  return `n${(Number(a) << 16) | (Number(b) << 8) | Number(c)}`;
}

/** A claim prints as `node@incarnation`. */
export function describeMessage(m: Message): string {
  switch (m.type) {
    case "ping":
      return `ping ${m.seqNo}`;
    case "indirectPing":
      return `indirectPing ${m.seqNo} of ${m.node}`;
    case "ack":
    case "nack":
      return `${m.type} ${m.seqNo}`;
    case "alive":
      return `alive ${m.node}@${m.incarnation} at ${describeAddress(m.address)}`;
    case "suspect":
    case "dead":
      return `${m.type} ${m.node}@${m.incarnation} by ${m.from}`;
    case "user":
      return `user ${m.payload.length} bytes`;
    case "pushPull":
      return `pushPull${m.join ? " join" : ""} ${m.states
        .map(({ name, incarnation, state }) => `${state} ${name}@${incarnation}`)
        .join(", ")}`;
    case "error":
      return `error ${m.error}`;
  }
}

export function describeMessages(messages: readonly Message[]): string {
  return messages.map(describeMessage).join("; ");
}

/** `null`: it is told where it arrives, or says nothing that a reader could use. */
export function describeEffect(effect: Effect): string | null {
  switch (effect.type) {
    case "packet":
      return `-> ${describeAddress(effect.to)}  ${describeMessages(effect.messages)}`;
    case "openStream":
      return `=> ${describeAddress(effect.to)}  ${describeMessage(effect.message)}`;
    case "answerStream":
      return `=> (answer)  ${describeMessage(effect.message)}`;
    case "event": {
      const { type, member, sequence } = effect.event;
      return `tells ${type} ${sequence} of ${member.name}@${member.incarnation}`;
    }
    case "outcome":
      return `outcome ${effect.outcome.type} of ${effect.outcome.context}`;
    case "note":
      return describeNote(effect.note);
    default:
      return null;
  }
}

function describeNote(note: Note): string {
  switch (note.type) {
    case "health":
      return `health ${note.score}: ${note.why}`;
    case "refuted":
      return `objects as of ${note.incarnation}`;
    case "rejected":
      return `rejects ${note.message} of ${describeAddress(note.from)}: ${note.reason}`;
    case "stalled":
      return `stood still for ${note.forMs.toFixed(0)} ms`;
    case "probeFailed":
      return `probe of ${note.node} failed, ${note.nacks} nacks`;
    case "rumorsFull":
      return "drops a rumour";
    case "forgotten":
      return `forgets ${note.node}`;
  }
}

/** What is done to a member; `null`: what others sent is told where it was sent. */
export function describeInput(input: Input): string | null {
  switch (input.type) {
    case "join":
    case "seeds":
      return `${input.type} ${input.addresses.map(describeAddress).join(" ")}`;
    case "updateMeta":
      return `updateMeta ${input.meta.length} bytes`;
    case "leave":
      return "leave";
    default:
      return null;
  }
}
