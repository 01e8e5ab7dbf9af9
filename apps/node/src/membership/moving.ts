/**
 * A node that comes back with its data directory under another address.
 *
 * V1 It asks at its old address first: who runs there as this very node has this directory, or a
 *    copy of it, and two that vote under one id could elect two leaders. Who listens there and does
 *    not answer may be that one, paused.
 * V2 Then it takes part. The others look for it where it was, so it is the one that dials.
 * V3 It has the leader tell everybody the new address. The leader refuses while it is connected to
 *    this id at the old one (engine/members.ts): it may reach whom we cannot.
 * V4 Only when that is decided does the directory belong to the new address.
 * V5 The original may have been out of reach all that time, and come back: members refuse the streams
 *    of whoever says he is elsewhere than where he answers, and whoever learns that the cluster looks
 *    for him elsewhere asks there, and ends if that is he (admission.ts).
 */
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:net";

import type { RaftNodeStatus } from "@counter/raft";
import type { Logger } from "winston";
import { z } from "zod";

import { ask as askOpenly, noAnswerInTime, type Ask } from "./asking.ts";
import { parseAddress } from "../config/addresses.ts";
import type { DataDir } from "../data-dir/data-dir.ts";
import type { Identity } from "../data-dir/identity.ts";
import type { ClusterMembers } from "../engine/members.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { askForMembership, askToMove } from "./joining.ts";

/** Longest wait for an answer from the old address, in milliseconds. */
const answerMaxMs = 2000;
/** How long another node there may take to start, and say who it is, in milliseconds. */
const startingMaxMs = 10_000;
/** Between two questions, doubled each time, with jitter. */
const pauseMinMs = 100;
const pauseMaxMs = 3000;

export interface MovingParts {
  readonly home: Pick<DataDir, "identity" | "movedFrom" | "markMoved">;
  /** Asked besides the members that the log knows. */
  readonly seeds: () => readonly string[];
  /** How other nodes are asked; default: in the clear. */
  readonly ask?: Ask;
  readonly log: Logger;
  /** Ends the asking. */
  readonly signal: AbortSignal;
}

/** What there is once Raft runs. */
export interface MovedNode {
  status(): Pick<RaftNodeStatus, "role" | "configuration" | "configurationIndex" | "commitIndex">;
  readonly members: Pick<ClusterMembers, "add">;
}

const whoSchema = z.object({ directoryId: z.string() });
const problemSchema = z.object({ code: z.string() });

type Found = "nobody" | "this node" | "somebody who starts" | "somebody who does not answer";

export class Moving {
  readonly #parts: MovingParts;
  #told: string | null = null;

  constructor(parts: MovingParts) {
    this.#parts = parts;
  }

  /**
   * V1. Resolves when nobody runs as this node at its old address; at once if it has not moved.
   *
   * @throws StartError (exit code 3) if this node runs there already
   */
  async requireAlone(): Promise<void> {
    const { home, signal, ask = askOpenly } = this.#parts;
    const { identity, movedFrom: old } = home;
    if (old === null) return;
    const begun = performance.now();
    for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
      const found = await whoIsAt(old, identity, signal, ask);
      const isNobody = found === "nobody";
      const waited = performance.now() - begun > startingMaxMs;
      if (isNobody || (found === "somebody who starts" && waited)) return;
      if (found === "this node") {
        throw new StartError(
          exitCodes.dataDir,
          `${identity.nodeId} runs at ${old} already, with this data directory or one that it was copied from: stop that one first, or start a new node with --join and an empty --data-dir`,
        );
      }
      this.#tell(`this node was at ${old} before: waiting for ${found} there`);
      await pause(pauseMs * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }

  /**
   * V3, V4. Resolves when the cluster knows the new address, at once if the node has not moved, and
   * when the asking ends.
   */
  async announce(node: MovedNode): Promise<void> {
    try {
      await this.#untilKnown(node);
    } catch (error) {
      if (this.#parts.signal.aborted) return;
      // The next start tries again.
      this.#parts.log.error("the new address could not be written down", { error });
    }
  }

  async #untilKnown(node: MovedNode): Promise<void> {
    const { home, log, signal } = this.#parts;
    const { identity, movedFrom: old } = home;
    if (old === null) return;
    this.#tell(`this node was at ${old} and is at ${identity.address} now: telling the cluster`);
    for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
      if (this.#isKnown(node) || (await this.#announced(node))) break;
      await pause(pauseMs * (0.5 + Math.random() / 2), undefined, { signal });
    }
    await home.markMoved();
    log.info(`the cluster looks for this node at ${identity.address} from now on`);
  }

  /** As the log says, which hears of it whoever has asked. */
  #isKnown(node: MovedNode): boolean {
    const { nodeId, address } = this.#parts.home.identity;
    const { configuration, configurationIndex, commitIndex } = node.status();
    const own = configuration.members.find(({ id }) => id === nodeId);
    return own?.address === address && configurationIndex <= commitIndex;
  }

  /** Whether it is decided; if not, people have been told why. */
  async #announced(node: MovedNode): Promise<boolean> {
    const { nodeId: id, address } = this.#parts.home.identity;
    const { role, configuration, configurationIndex } = node.status();
    try {
      if (role !== "leader") return await this.#othersTold(configuration.members);
      const voter = configuration.voters.includes(id);
      await node.members.add(
        { id, address, voter },
        { expectedIndex: configurationIndex, force: false },
      );
      return true;
    } catch (error) {
      this.#parts.signal.throwIfAborted();
      this.#tell(`the cluster looks for this node at its old address still: ${messageOf(error)}`);
      return false;
    }
  }

  /** @throws Error that says in a few words why the last one that was asked could not do it */
  async #othersTold(members: readonly { readonly address: string }[]): Promise<boolean> {
    const { home, seeds, signal, ask = askOpenly } = this.#parts;
    const { nodeId: id, address, clusterId } = home.identity;
    const known = members.map((member) => member.address);
    let failure: string | null = null;
    for (const asked of new Set([...known, ...seeds()])) {
      if (asked === address || asked === home.movedFrom) continue;
      const theirs = await askForMembership(asked, signal, ask);
      if (theirs?.clusterId !== clusterId) continue;
      const own = theirs.members.find((member) => member.id === id);
      if (own === undefined) continue; // it is behind, or we were removed: admission.ts finds out
      try {
        const voter = own.role === "voter" || own.joining;
        await askToMove(asked, { id, address, voter }, { ask, seen: theirs, signal });
        return true;
      } catch (error) {
        signal.throwIfAborted();
        failure = messageOf(error);
      }
    }
    if (failure !== null) throw new Error(failure);
    return false;
  }

  #tell(text: string): void {
    if (this.#told !== text) this.#parts.log.info(text);
    this.#told = text;
  }
}

/** Who answers at an address: this very node, as another process, or somebody else. */
export async function whoIsAt(
  address: string,
  { directoryId, address: own }: Pick<Identity, "directoryId" | "address">,
  signal: AbortSignal,
  ask: Ask = askOpenly,
): Promise<Found> {
  try {
    const question = { method: "GET", path: "/v1/status" } as const;
    const { body, headers } = await ask(address, question, { signal, timeoutMs: answerMaxMs });
    if (headers["counter-served-by"] === own) return "nobody"; // two addresses of one port
    const who = whoSchema.safeParse(body);
    if (who.success) return who.data.directoryId === directoryId ? "this node" : "nobody";
    const isStarting = problemSchema.safeParse(body).data?.code === "starting";
    return isStarting ? "somebody who starts" : "nobody";
  } catch (error) {
    signal.throwIfAborted();
    if (codeOf(error) !== noAnswerInTime) return "nobody";
    // A machine that is gone does not answer either, but it takes no connection.
    return (await acceptsConnections(address)) ? "somebody who does not answer" : "nobody";
  }
}

async function acceptsConnections(address: string): Promise<boolean> {
  const { host, port } = parseAddress(address);
  const socket = connect({ host, port });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.setTimeout(answerMaxMs, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
