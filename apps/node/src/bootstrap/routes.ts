/** What candidates ask each other, and what people may look at meanwhile. */
import { bodyMaxBytes, json, type Route } from "../http/api.ts";
import { askBootstrapDoc, describeBootstrapDoc } from "../http/docs/cluster.ts";
import { Problem } from "../http/problems.ts";
import type { Answer, Question } from "./types.ts";
import { bootstrapPath, proposalAskedFor, questionIn } from "./wire.ts";

/** The candidate, or the member, behind the routes. */
export interface BootstrapDesk {
  /**
   * What this node says of itself.
   *
   * @param about - the id of a proposal of which it is to say what it knows
   * @throws Problem `starting` until it knows which directory it has
   */
  describe(about: string | null): Readonly<Record<string, unknown>>;
  /** @throws Problem `starting` */
  answer(question: Exclude<Question, { readonly kind: "state" }>): Promise<Answer>;
}

export function bootstrapRoutes(desk: BootstrapDesk): readonly Route[] {
  const ask: Route["handle"] = async (request) => {
    const question = questionIn(request);
    const answer = await desk.answer(question);
    if (answer.kind === "yes") return json({ directoryId: question.to, agreed: true });
    const reason = answer.kind === "no" ? answer.reason : "it does not say";
    throw new Problem("bootstrap-refused", reason);
  };
  // Answered whatever happens: nodes that are starting have nobody but each other.
  const route = { path: bootstrapPath, kind: "probe", scope: "peer", bodyMaxBytes } as const;
  return [
    {
      ...route,
      method: "GET",
      scope: "read",
      operation: describeBootstrapDoc,
      summary: "how far --bootstrap-expect is; ?proposal=<id>: what became of it",
      handle: (request) => json(desk.describe(proposalAskedFor(request))),
    },
    {
      ...route,
      method: "POST",
      operation: askBootstrapDoc,
      summary: "between candidates: whether this node pledges itself to a first configuration",
      handle: ask,
    },
  ];
}
