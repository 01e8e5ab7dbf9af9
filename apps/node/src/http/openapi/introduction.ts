/** What the document says before it comes to single calls. */
import type { RouteTag } from "../api.ts";

/** Of the API, not of the release: it changes when a call does. */
export const apiVersion: string = "1.0.0";

export const introduction: string = `
Named counters that several nodes keep together. Any node can be asked. In **strong** mode (Raft) every
answer is as if there were one node; in **eventual** mode every node answers for itself, also alone, and
all come to the same values. Calls that one mode does not have answer 409 \`mode-mismatch\` there.

- **Numbers** are strings of decimal digits, however small: no JSON reader can round them. In requests a
  JSON integer up to 2^53 is taken as well.
- **Once.** A write with an \`Idempotency-Key\` counts once, however often it is sent, and is answered alike.
- **Reads of your own writes.** Every reply about a counter has a token in \`Counter-Version\`. Sent to any
  node as \`Counter-At-Least\`, the answer knows at least as much.
- **Errors** are problems (RFC 9457). \`code\` says what happened, \`outcome\` what became of the write. Each is
  explained at \`/problems/<code>\` of any node.
- **Where the time goes.** With \`?timing\`, which any call takes, \`Server-Timing\` says how long the node had the
  request; of a write also how long it waited (\`queue\`), was written to the node's disk (\`fsync\`), and then
  waited for others (\`raft\`, or \`peers\`).
- Whatever can be asked by \`GET\` can be asked by \`HEAD\`. Unknown members of replies are to be ignored.
`.trim();

/** Headings, in the order in which they are shown. */
export const tagTexts: readonly { readonly name: RouteTag; readonly description: string }[] = [
  { name: "counters", description: "One counter: read it, change it, have numbers of it." },
  { name: "watch", description: "Being told of changes as they happen." },
  { name: "batch", description: "Several changes in one request." },
  { name: "sessions", description: "Writes that count once because their client numbers them." },
  { name: "snapshot", description: "All counters at once: keep them, and put them back." },
  { name: "cluster", description: "Who takes part, and changing it." },
  { name: "node", description: "The node that is asked, and no other." },
  { name: "health", description: "For machines that watch over nodes. No token is asked for." },
  { name: "about", description: "What can be called here." },
  { name: "demo", description: "Short forms of calls on the counter `default`." },
];

/** Headers that every reply has. */
export const commonHeaders: Readonly<Record<string, string>> = {
  "counter-served-by": "`host:port` of the node that answered",
  "server-timing": "with `?timing`: where the time went, in milliseconds",
};

/** Headers of every reply to a call that `--rate-limit` is about. Experimental until they are an RFC. */
export const rateLimitHeaders: Readonly<Record<string, string>> = {
  "ratelimit-policy": "with `--rate-limit`: how often one may ask, `q` times in `w` seconds",
  ratelimit:
    "with `--rate-limit`: `r` requests are left; in `t` seconds all are, or one if none is",
};
