/**
 * Whether this node is a member: has it added if it is new, and notices when it was removed.
 *
 * Or that another process runs in its place: a data directory may have been moved while the machine
 * that it came from was only asleep.
 *
 * Who is removed while it is away hears of it from nobody: the others do not know it any more. So a
 * node that finds no leader asks its former peers.
 */
import { setTimeout as pause } from "node:timers/promises";

import type { Member, RaftEvent, RaftNodeStatus } from "@counter/raft";
import type { Logger } from "winston";

import { ask as askOpenly, type Ask } from "./asking.ts";
import { isNamed } from "../config/cluster-id.ts";
import type { DataDir } from "../data-dir/data-dir.ts";
import type { Identity } from "../data-dir/identity.ts";
import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { askForMembership, askToJoin, findCluster, type ClusterMembership } from "./joining.ts";
import { whoIsAt } from "./moving.ts";

/** How long a node looks for a leader before it asks whether it was removed, and asks again. */
const lonelyDefaultMs = 3000;

type Home = Pick<DataDir, "identity" | "markRemoved">;

export interface AdmissionParts {
  /** Nodes of the cluster to join, as far as they are known now. */
  readonly seeds: () => readonly string[];
  /** The name that this cluster must have; `null`: any. */
  readonly clusterName: string | null;
  /** How other nodes are asked; default: in the clear. */
  readonly ask?: Ask;
  readonly log: Logger;
  /** Default 3000: between two questions whether this node was removed, in milliseconds. */
  readonly lonelyMs?: number;
  /** The cluster has removed this node; the error says so. */
  readonly onRemoved: (error: StartError) => void;
  /** Another process takes part as this node; the error says where. */
  readonly onTwin: (error: StartError) => void;
}

/** What there is once Raft runs. */
export interface Admitted {
  status(): Pick<RaftNodeStatus, "leaderId" | "configuration" | "configurationIndex" | "removed">;
  events(options: { readonly signal: AbortSignal }): AsyncIterable<RaftEvent>;
}

export class Admission {
  readonly #parts: AdmissionParts;
  readonly #ending = new AbortController();
  #waiting: string | null = null;
  #removed = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** What is missing before this node is a member, for people; `null` if nothing is. */
  get waiting(): string | null {
    return this.#waiting;
  }

  /**
   * The cluster to join, for a new data directory.
   *
   * @throws StartError if it is another one than was named
   */
  async findCluster(): Promise<string> {
    const { seeds, clusterName, ask = askOpenly } = this.#parts;
    const asked = seeds().join(", ");
    this.#wait(`looking for a cluster to join at ${asked}`);
    const onWaiting = (reason: string): void => this.#wait(`cannot join yet: ${reason}`);
    const found = await findCluster({ ask, seeds, signal: this.#ending.signal, onWaiting });
    if (clusterName === null || isNamed(found, clusterName)) return found;
    const text = `the cluster at ${asked} is ${found}, not ${clusterName}: join another one, or drop --cluster-id`;
    throw new StartError(exitCodes.dataDir, text);
  }

  /** Sees to it that this node is a member, and watches whether it stays one. */
  begin(node: Admitted, dataDir: Home): void {
    const { log } = this.#parts;
    const background = [
      this.#join(node, dataDir.identity),
      this.#watch(node, dataDir),
      this.#askWhenLonely(node, dataDir),
    ];
    for (const task of background) {
      task.catch((error: unknown) => {
        if (!this.#ending.signal.aborted) log.error("membership is not watched", { error });
      });
    }
  }

  /** Nothing is asked any more. */
  end(): void {
    this.#ending.abort();
  }

  async #join(node: Admitted, identity: Identity): Promise<void> {
    const { seeds, log, ask = askOpenly } = this.#parts;
    const { nodeId: id, address, clusterId } = identity;
    const isMember = (): boolean => node.status().configuration.members.some((m) => m.id === id);
    if (identity.members.length > 0 || isMember()) {
      this.#waiting = null;
      return;
    }
    if (seeds().length === 0) {
      this.#wait("this node has not joined its cluster yet: start it with --join=<address>");
    }
    const { signal } = this.#ending;
    const onWaiting = (reason: string): void => this.#wait(`cannot join yet: ${reason}`);
    await askToJoin({ id, address }, { ask, seeds, clusterId, signal, onWaiting });
    this.#waiting = null;
    log.info(`joined as ${id}: votes once it has caught up`);
  }

  async #watch(node: Admitted, dataDir: Home): Promise<void> {
    if (node.status().removed) return this.#onRemoved(dataDir);
    for await (const event of node.events({ signal: this.#ending.signal })) {
      if (event.type === "removed") return this.#onRemoved(dataDir);
    }
  }

  async #askWhenLonely(node: Admitted, dataDir: Home): Promise<void> {
    const { signal } = this.#ending;
    const { seeds, ask = askOpenly, lonelyMs = lonelyDefaultMs } = this.#parts;
    const { address: own } = dataDir.identity;
    for (;;) {
      await pause(lonelyMs, undefined, { signal });
      const { leaderId, configuration } = node.status();
      await this.#askForTwin(configuration.members, dataDir);
      if (leaderId !== null || configuration.members.length === 0) continue; // or never a member
      // All of those that we knew may be gone: the nodes that a person has named may not.
      const known = configuration.members.map(({ address }) => address);
      for (const address of new Set([...known, ...seeds()])) {
        if (address === own) continue;
        const theirs = await askForMembership(address, signal, ask);
        if (theirs?.clusterId === dataDir.identity.clusterId) {
          await this.#askForTwin(theirs.members, dataDir);
        }
        if (theirs !== null && excludes(theirs, node, dataDir)) return this.#onRemoved(dataDir);
      }
    }
  }

  /** If these members are looked for elsewhere under our name: whether that is we. */
  async #askForTwin(members: readonly Member[], { identity }: Home): Promise<void> {
    const { nodeId, address: own } = identity;
    const address = members.find(({ id }) => id === nodeId)?.address ?? own;
    if (address === own) return;
    const { ask = askOpenly } = this.#parts;
    if ((await whoIsAt(address, identity, this.#ending.signal, ask)) !== "this node") return;
    const text = `${nodeId} runs at ${address}, where the cluster looks for it, with the data directory of this process or a copy of it: this one stops`;
    this.#parts.onTwin(new StartError(exitCodes.removed, text));
  }

  async #onRemoved(dataDir: Home): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    const { log, onRemoved } = this.#parts;
    await dataDir.markRemoved().catch((error: unknown) => {
      log.error("the removal could not be written down", { reason: messageOf(error) });
    });
    const text =
      "the cluster has removed this node: it stops. To take part again, start a new one with --join and an empty --data-dir";
    onRemoved(new StartError(exitCodes.removed, text));
  }

  #wait(text: string): void {
    if (this.#waiting !== text) this.#parts.log.info(text);
    this.#waiting = text;
  }
}

/**
 * Whether the cluster has decided to go on without this node. A configuration that is not committed
 * may still be taken back, and an older one than ours has not heard of us: neither says anything.
 */
function excludes(theirs: ClusterMembership, node: Admitted, { identity }: Home): boolean {
  if (theirs.clusterId !== identity.clusterId || theirs.leader === null) return false;
  if (!theirs.committed || theirs.configurationIndex <= node.status().configurationIndex) {
    return false;
  }
  return !theirs.members.some(({ id }) => id === identity.nodeId);
}
