/** Problems with the node, or with its cluster. */
import { again, elsewhere, sameKey, type ProblemText } from "./problem-text.ts";

type Texts = Readonly<Record<string, ProblemText>>;

export const members = {
  "unknown-member": {
    meaning: "there is no voter of that name",
    advice: "The detail lists the voters. Name one of them.",
    example: "there is no voter 127.0.0.1:8089; the voters are 127.0.0.1:8080, 127.0.0.1:8081",
  },
  "member-not-found": {
    meaning: "there is no member of that name",
    advice: "Look at `GET /v1/cluster/members`. It may have been removed already.",
    example: "there is no member 127.0.0.1:8089",
  },
  "invalid-change": {
    meaning: "the membership cannot be changed like that",
    advice: "The detail says why. `?force` helps where it says so.",
    example: "the last voter cannot be removed",
  },
  "unsafe-change": {
    meaning: "the voters that answer would be no majority afterwards: the cluster would stop",
    advice:
      "Bring members back, or add some first. `?force` does it all the same, and the cluster stops until enough of them are back.",
    example: "of 2 voters only 1 would answer",
  },
  "last-member": {
    meaning: "the only voter cannot leave",
    advice: "Have another node join first, or just stop this one.",
    example: "this node is the only voter",
  },
  "too-many-members": {
    meaning: "there are as many members as a cluster can have",
    advice: "Remove members that are gone.",
    example: "there are too many members",
  },
  "no-majority": {
    meaning: "too few of the other members answer to decide this",
    advice: "Ask on the side that has a majority; `?force` if the others are gone for good.",
    example: "1 of 3 members answers",
  },
  "change-in-progress": {
    meaning: "another change of the membership did not end in time",
    advice: again,
    example: "another change is under way",
  },
  "bootstrap-refused": {
    meaning: "this node does not pledge itself to that first configuration",
    advice: "Nothing: candidates ask each other until they agree.",
    example: "this node has pledged itself to another proposal",
  },
  "transfer-failed": {
    meaning: "leadership was not taken over within two election timeouts",
    advice: "Look at `GET /v1/cluster` for who leads, and ask again if it still matters.",
    example: "it was not taken over in time",
  },
} as const satisfies Texts;

export const nodes = {
  "no-leader": {
    meaning:
      "no leader is known or reachable, which is normal for about a second after one is lost",
    advice: `${elsewhere} \`waitingFor\` lists the members that do not answer.`,
    example: "no leader is known; not reached: 127.0.0.1:8081",
    extensions: { waitingFor: ["127.0.0.1:8081"], retryAfterMs: 730 },
  },
  "not-leader": {
    meaning: "another node leads, and with `--compat=strict` nothing is passed on",
    advice: "Send the write to the leader: `/status` of any node names it.",
    example: "not leader",
  },
  "read-not-confirmed": {
    meaning: "no majority confirmed in time who leads, so that the read could be old",
    advice: `${again} \`?consistency=local\` answers with what this node knows.`,
    example: "no majority confirmed the read in time",
    extensions: { waitingFor: ["127.0.0.1:8081"], retryAfterMs: 730 },
  },
  "too-stale": {
    meaning: "this node has not heard of the leader for longer than the request accepts",
    advice: "Ask another node, or for a longer `maxStaleness`.",
    example: "the leader was last heard of 5025 ms ago",
  },
  "not-yet-consistent": {
    meaning: "this node does not know yet what the token stands for",
    advice: `${elsewhere} \`Prefer: wait=n\` has it wait longer.`,
    example: "this node does not know yet what the request has seen",
  },
  starting: {
    meaning: "the node has just been started, and does not answer for the counters yet",
    advice: elsewhere,
    example: "the node reads its data directory",
  },
  draining: {
    meaning: "the node is being stopped, or kept out of service",
    advice: elsewhere,
    example: "this node is stopping; ask another one",
  },
  overloaded: {
    meaning: "as much waits in this node already as it can take",
    advice: `${again} Come back slower, or ask another node.`,
    example: "8192 requests are being answered already",
  },
  "outcome-unknown": {
    meaning: "it was not confirmed in time, and may have taken effect, or may still",
    advice: `${sameKey} Without a key, read the counter before you decide.`,
    example: "the leader was lost while it carried out the request",
  },
  "ack-timeout": {
    meaning: "it counts, and fewer nodes than asked for are known to have it",
    advice:
      "Do not send it again without its key: it would count twice. With the same key it asks again how many have it.",
    example: "1 of 2 nodes has it",
    extensions: { value: "7", durability: { requested: "majority", achieved: 1 } },
  },
  "storage-full": {
    meaning: "the disk of the node is full",
    advice: "Nothing was changed. Make room on the disk; the node goes on by itself.",
    example: "the disk is full",
  },
  internal: {
    meaning: "something happened that nobody expected",
    advice: `${sameKey} The log of the node says more; please report it.`,
    example: "the node's log says more",
  },
} as const satisfies Texts;
