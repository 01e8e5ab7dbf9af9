/** Configurations in a shorthand: `a b <- b c [d e+]`, voters, outgoing voters, learners. */
import { configurationProblem } from "@counter/raft";
import type { Configuration } from "@counter/raft";

/** `+` behind a learner: it is to be promoted. */
export function configuration(text: string): Configuration {
  const [sets = "", inBrackets = ""] = text.replace("]", "").split("[");
  const [incoming = "", outgoing = ""] = sets.split("<-");
  const learners = namesIn(inBrackets);
  const plain = learners.map((id) => id.replace("+", ""));
  const parts = { voters: namesIn(incoming), outgoing: namesIn(outgoing), learners: plain };
  const ids = [...new Set([...parts.voters, ...parts.outgoing, ...plain])].sort();
  const made: Configuration = {
    ...parts,
    members: ids.map((id) => ({ id, address: `${id}:1` })),
    learnersNext: [],
    joining: learners.filter((id) => id.endsWith("+")).map((id) => id.replace("+", "")),
    autoLeave: parts.outgoing.length > 0,
  };
  const problem = configurationProblem(made);
  if (problem !== null) throw new RangeError(`${text}: ${problem}`);
  return made;
}

function namesIn(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}
