/**
 * A node in Raft mode leaves because somebody asked it to: it has itself removed by whoever leads,
 * which may be itself and then hands over, and stops once that is committed. Between the request and
 * its answer the node may hear of its removal from the log first; that is an answer as well.
 */
import type { Logger } from "winston";

import type { RaftEngine } from "../engine/engine.ts";
import { messageOf } from "../process/error-text.ts";
import { json, type ApiReply } from "../http/api.ts";
import type { LeaveRequest } from "../http/leave-route.ts";
import { problemKinds } from "../http/problem-kinds.ts";
import { Problem, problemOf } from "../http/problems.ts";
import { removalOf, removeRoute } from "../http/raft/member-routes.ts";
import type { Handling } from "../http/service.ts";

export interface LeavingParts {
  /** Throws a Problem before there is one. */
  readonly engine: () => RaftEngine;
  /** Finds whoever leads. */
  readonly handling: Pick<Handling, "handle">;
  /** Writes down that the directory is used up. */
  readonly markRemoved: () => Promise<void>;
  /** The others go on without this node: it is to be stopped. Called once. */
  readonly onLeft: () => void;
  readonly log: Logger;
}

export class Leaving {
  readonly #parts: LeavingParts;
  /** The one request that is under way. */
  #leaving: Promise<ApiReply> | null = null;
  /** Whether a removal that we hear of may be the one that was asked for. */
  #wanted = false;
  #left = false;
  #removed = false;
  #heard: () => void = () => undefined;

  constructor(parts: LeavingParts) {
    this.#parts = parts;
  }

  /** Whether the node is no member any more: it will not come back. */
  get removed(): boolean {
    return this.#removed;
  }

  /**
   * @returns the answer to whoever asked: that it is done, or why not
   * @throws Problem or an error with the `code` of one; the node goes on
   */
  leave(request: LeaveRequest): Promise<ApiReply> {
    this.#leaving ??= this.#leave(request).finally(() => (this.#leaving = null));
    return this.#leaving;
  }

  /**
   * The node has heard that it was removed, and has written it down.
   *
   * @returns whether that is what it had asked for
   */
  onRemoved(): boolean {
    this.#removed = true;
    if (!this.#wanted) return false;
    this.#heard();
    this.#finish();
    return true;
  }

  async #leave({ force }: LeaveRequest): Promise<ApiReply> {
    const { id, members } = this.#parts.engine().status();
    const voters = members.filter(({ role }) => role === "voter");
    if (voters.length === 1 && voters[0]?.id === id) {
      const why = `${id} is the only voter, and the counters would be nowhere: have another node join first, or stop this one`;
      throw new Problem("last-member", why);
    }
    this.#wanted = true;
    const heard = new Promise<null>((resolve) => (this.#heard = (): void => resolve(null)));
    let reply: ApiReply | null;
    try {
      reply = await Promise.race([this.#remove(id, force), heard]);
    } catch (error) {
      this.#wanted = problemKinds[problemOf(error).code].outcome === "unknown";
      throw error;
    }
    if (reply !== null && reply.status >= 300) {
      // Unless that is certain, it may still be removed, and has then left as it was asked to.
      this.#wanted = reply.headers["counter-outcome"] !== "not-applied";
      return reply;
    }
    if (reply !== null) await this.#markRemoved();
    this.#finish();
    return json({ left: id });
  }

  #remove(id: string, force: boolean): Promise<ApiReply> {
    const { engine, handling } = this.#parts;
    const route = removeRoute(engine, () => null);
    return handling.handle(route, removalOf(id, force), (problem) => {
      throw problem;
    });
  }

  async #markRemoved(): Promise<void> {
    try {
      await this.#parts.markRemoved();
    } catch (error) {
      // It finds out again when it is started: the others do not know it any more.
      this.#parts.log.error("the removal could not be written down", { reason: messageOf(error) });
    }
  }

  #finish(): void {
    this.#removed = true;
    if (this.#left) return;
    this.#left = true;
    setImmediate(this.#parts.onLeft); // the answer goes out first
  }
}
