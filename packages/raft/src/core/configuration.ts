/**
 * Who takes part, as a value: encoding, checks, and which configuration is in force (§6).
 *
 * C1 A server acts on the newest configuration in its log, committed or not. When that entry is
 *    truncated, the one before it is in force again.
 */
import type { Configuration, Entry, LogIndex, Member, NodeId } from "../types.ts";
import { invariant } from "./invariant.ts";

const printable = /^[\x21-\x7e]+$/;

/** Longest node id and longest address, in ASCII characters. */
export const nodeIdMaxLength = 128;
export const addressMaxLength = 256;
/** Most members of one cluster, learners included. */
export const membersMax = 64;

export const emptyConfiguration: Configuration = {
  members: [],
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  joining: [],
  autoLeave: false,
};

/**
 * The simple configuration in which all of `members` vote.
 *
 * @throws {RangeError} on no members, too many, doubled or malformed ones
 */
export function configurationOf(members: readonly Member[]): Configuration {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const configuration = { ...emptyConfiguration, members: sorted, voters: sorted.map((m) => m.id) };
  const problem = configurationProblem(configuration);
  if (problem !== null) throw new RangeError(problem);
  return configuration;
}

/** What is wrong with a configuration, as a sentence; `null` if nothing is. */
export function configurationProblem(c: Configuration): string | null {
  if (c.voters.length === 0) return "a cluster needs at least one voter";
  if (c.members.length > membersMax) return `a cluster has at most ${membersMax} members`;
  const ids = new Set<NodeId>();
  for (const { id, address } of c.members) {
    if (ids.has(id)) return `member ${id} is named twice`;
    ids.add(id);
    if (!isPrintableId(id)) {
      return `a node id has 1 to ${nodeIdMaxLength} visible ASCII characters`;
    }
    if (!printable.test(address) || address.length > addressMaxLength) {
      return `an address has 1 to ${addressMaxLength} visible ASCII characters`;
    }
  }
  for (const half of [c.voters, c.outgoing, c.learners, c.learnersNext, c.joining]) {
    if (new Set(half).size !== half.length) return "a server is named twice in one list";
  }
  const named = [...c.voters, ...c.outgoing, ...c.learners, ...c.learnersNext];
  const idle = c.members.find(({ id }) => !named.includes(id));
  if (idle !== undefined) return `${idle.id} has an address and no part`;
  const stranger = named.find((id) => !ids.has(id));
  if (stranger !== undefined) return `${stranger} has no address`;
  const learningVoter = c.learners.find((id) => c.voters.includes(id) || c.outgoing.includes(id));
  if (learningVoter !== undefined) return `${learningVoter} cannot both vote and learn`;
  const voting = c.joining.find((id) => !c.learners.includes(id) && !c.learnersNext.includes(id));
  if (voting !== undefined) return `${voting} is to be promoted and is no learner`;
  const staying = c.learnersNext.find((id) => !c.outgoing.includes(id) || c.voters.includes(id));
  if (staying !== undefined) return `${staying} is to learn next and does not stop voting`;
  return null;
}

/** Whether this can be a node id: 1 to 128 visible ASCII characters. */
export function isPrintableId(id: NodeId): boolean {
  return printable.test(id) && id.length <= nodeIdMaxLength;
}

export function isVoter(c: Configuration, id: NodeId): boolean {
  return c.voters.includes(id) || c.outgoing.includes(id);
}

export function isMember({ members }: Configuration, id: NodeId): boolean {
  return members.some((member) => member.id === id);
}

/** The bytes of a configuration entry: JSON, since it is rare and should be readable in a dump. */
export function encodeConfiguration(c: Configuration): Uint8Array {
  const text = JSON.stringify({
    members: c.members.map(({ id, address }) => ({ id, address })),
    voters: c.voters,
    outgoing: c.outgoing,
    learners: c.learners,
    learnersNext: c.learnersNext,
    joining: c.joining,
    autoLeave: c.autoLeave,
  });
  const bytes = new Uint8Array(text.length); // ids and addresses are ASCII, and so is the rest
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/**
 * Reads the bytes of a configuration entry. Fields of a newer release are ignored.
 *
 * @throws {InvariantError} on bytes that {@link encodeConfiguration} cannot have written
 */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = null;
  }
  const fields: Record<string, unknown> = isRecord(parsed) ? parsed : {};
  const configuration: Configuration = {
    members: list(fields["members"]).map(memberFrom),
    voters: list(fields["voters"]).map(idFrom),
    outgoing: list(fields["outgoing"]).map(idFrom),
    learners: list(fields["learners"]).map(idFrom),
    learnersNext: list(fields["learnersNext"]).map(idFrom),
    joining: list(fields["joining"] ?? []).map(idFrom), // none in entries of early releases
    autoLeave: fields["autoLeave"] === true,
  };
  invariant(configurationProblem(configuration) === null, "a configuration entry is well formed");
  return configuration;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function list(value: unknown): readonly unknown[] {
  invariant(Array.isArray(value), "a configuration entry is well formed");
  return value;
}

function idFrom(value: unknown): NodeId {
  invariant(typeof value === "string", "a configuration entry is well formed");
  return value;
}

function memberFrom(value: unknown): Member {
  invariant(isRecord(value), "a configuration entry is well formed");
  return { id: idFrom(value["id"]), address: idFrom(value["address"]) };
}

export interface PlacedConfiguration {
  /** Where it stands in the log; 0 for one that was never an entry. */
  readonly index: LogIndex;
  readonly configuration: Configuration;
}

/** What `new ConfigurationHistory(...placed)` needs. */
export interface ConfigurationsImage {
  readonly is: "configurations";
  readonly placed: readonly [PlacedConfiguration, ...PlacedConfiguration[]];
}

/** The configurations that are still in the log, oldest first; the newest is in force (C1). */
export class ConfigurationHistory {
  #placed: PlacedConfiguration[];

  constructor(first: PlacedConfiguration, ...later: readonly PlacedConfiguration[]) {
    this.#placed = [first, ...later];
  }

  image(): ConfigurationsImage {
    const [first, ...later] = this.#placed;
    return { is: "configurations", placed: [first!, ...later] };
  }

  get current(): PlacedConfiguration {
    return this.#placed[this.#placed.length - 1]!;
  }

  /** Takes note of an entry that was appended. */
  append(entry: Entry): void {
    if (entry.kind !== "configuration") return;
    this.#placed.push({
      index: entry.index,
      configuration: decodeConfiguration(entry.data),
    });
  }

  /** @returns whether the configuration in force is another one now */
  truncateFrom(index: LogIndex): boolean {
    const before = this.#placed.length;
    while (this.#placed.length > 1 && this.current.index >= index) this.#placed.pop();
    invariant(this.current.index < index, "the configuration of a snapshot is never truncated");
    return this.#placed.length !== before;
  }

  /** The configuration in force at `index`, which must not be older than what was compacted. */
  at(index: LogIndex): PlacedConfiguration {
    let found = this.#placed[0]!;
    for (const placed of this.#placed) if (placed.index <= index) found = placed;
    return found;
  }

  /** Whether one that was in force at or before `index`, as far as is known, names this server. */
  named(id: NodeId, index: LogIndex): boolean {
    return this.#placed.some((at) => at.index <= index && isMember(at.configuration, id));
  }

  /** The one in force at `index` and all later ones, oldest first. */
  since(index: LogIndex): readonly Configuration[] {
    const first = this.at(index).index;
    return this.#placed.filter((at) => at.index >= first).map(({ configuration }) => configuration);
  }

  /** Starts again with the configuration of an installed snapshot. */
  reset(first: PlacedConfiguration): void {
    this.#placed = [first];
  }

  compactThrough(index: LogIndex): void {
    while (this.#placed.length > 1 && this.#placed[1]!.index <= index) this.#placed.shift();
  }
}
