/** Changes of membership as a scenario writes them: `+n4`, `+[n4]`, `+[n4+]`, `-n1`, `n1=n1:2`. */
import type { Input, Member, MembershipChange } from "@counter/raft";

export type ScenarioChange = Omit<Extract<Input, { type: "changeMembership" }>, "type" | "context">;

type Transition = ScenarioChange["transition"];

const transitions: ReadonlyMap<string, Transition> = new Map<string, Transition>([
  ["joint", "joint"],
  ["explicit", "explicit"],
  ["leave", "leave"],
]);

/**
 * What follows `change n1`: steps, and how they are to be carried out.
 *
 * @throws {RangeError} on a word that makes no sense
 */
export function changeFrom(words: readonly string[]): ScenarioChange {
  const changes: MembershipChange[] = [];
  let transition: Transition = "auto";
  let expectedIndex: number | null = null;
  let force = false;
  for (const word of words) {
    const at = /^at=(\d+)$/.exec(word);
    const named = transitions.get(word);
    if (named !== undefined) transition = named;
    else if (at !== null) expectedIndex = Number(at[1]);
    else if (word === "force") force = true;
    else changes.push(stepFrom(word));
  }
  return { changes, transition, expectedIndex, force };
}

function stepFrom(word: string): MembershipChange {
  const [, sign = "", id = "", promote = "", moved = "", address = ""] =
    /^(?:(\+|-|\+\[)(n\d+)(\+?)\]?|(n\d+)=(\S+))$/.exec(word) ?? [];
  if (address !== "") return { type: "setAddress", member: { id: moved, address } };
  const learns = sign === "+[" && word.endsWith("]");
  if (learns) return { type: "addLearner", member: memberOf(id), promote: promote === "+" };
  if (word === `+${id}`) return { type: "addVoter", member: memberOf(id) };
  if (word === `-${id}`) return { type: "remove", id };
  throw new RangeError(`what is the change "${word}"?`);
}

/** Where a server of a scenario is to be reached. */
export function memberOf(id: string): Member {
  return { id, address: `${id}:1` };
}
