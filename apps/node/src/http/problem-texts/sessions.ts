/** What may be said of sessions. */
import { again, type ProblemText } from "./problem-text.ts";

export const sessions = {
  "session-unknown": {
    meaning: "there is no such session for who asks: it was ended, or not used for long",
    advice:
      "This request was not carried out, and never will be. If it was the first with its number, begin a session and send it there; otherwise find out first whether an earlier one was carried out.",
    example:
      "this request was not carried out, and never will be; whether an earlier one with this number was, is not known any more",
  },
  "session-window-full": {
    meaning: "the number is too far ahead of what the client has acknowledged",
    advice: "Wait for answers to earlier numbers, and say with `ack` that you have them.",
    example: "seq is more than 64 ahead of ack: wait for earlier answers",
  },
  "session-number-acknowledged": {
    meaning: "the client has said that it needs the answer to this number no more",
    advice:
      "This request was not carried out now. `ack` names the last number up to which all answers are there: send it no earlier.",
    example:
      "this request was not carried out: the answer to that number was acknowledged, and is not kept",
  },
  "session-number-reused": {
    meaning: "the number stands for another request of the session",
    advice:
      "This request was not carried out. Send the first one again to have its answer, and give this one the next number.",
    example:
      "this number stands for another request: send that one again to have its answer, or go on with the next number",
  },
  "session-table-full": {
    meaning: "there are as many sessions as this cluster may have, or answers kept for them",
    advice: `${again} Sessions end when they are closed or not used; \`--sessions-max\` and \`--idempotency-max\` allow for more. \`Idempotency-Key\` does without.`,
    example: "the operation was refused: too-many-sessions",
  },
} as const satisfies Readonly<Record<string, ProblemText>>;
