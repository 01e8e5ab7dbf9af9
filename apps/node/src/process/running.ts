/** What every mode's node is to the program: started, ready, stopped. */
import type { Server } from "node:http";

import type { Logger } from "winston";

import type { NodeConfig } from "../config/node-config.ts";
import type { LogContext } from "./logging.ts";

export interface NodeParts<Config = NodeConfig> {
  readonly config: Config;
  readonly log: Logger;
  readonly logContext: LogContext;
  readonly version: string;
  /** Of the sources that the program was built from; `unknown` if left out. */
  readonly commit?: string;
  /** One that listens already, for tests on port 0; otherwise one is made. */
  readonly server?: Server;
  /** Length of a tick of the replication in milliseconds; tests make it short. */
  readonly tickMs?: number;
  /** Gives up starting: a node that joins may wait for its cluster as long as it likes. */
  readonly cancel?: AbortSignal;
}

/** A node that was started; it may not have found the others yet. */
export interface RunningNode {
  /** Resolves with the time since process start when the node should get traffic. */
  readonly ready: Promise<number>;
  /** Resolves when the node has stopped: `null` after {@link stop}, the error after a failure. */
  readonly stopped: Promise<Error | null>;
  /** Resolves when the node has left its cluster, as it was asked to: it is to be stopped. */
  readonly left: Promise<void>;
  /** Writes down, for people, what the node has done lately. */
  record(): Promise<void>;
  /** From now on `/readyz` says that the node stops; it goes on answering. */
  withdraw(): void;
  /** Reads tokens, secrets and certificates again. Never rejects. */
  reload(): Promise<void>;
  /** Refuses new requests, finishes those that are being answered, closes everything. Idempotent. */
  stop(): Promise<void>;
}

/** The promises of a {@link RunningNode}, and the one way to its end. */
export class Lifecycle {
  readonly ready: Promise<number>;
  readonly stopped: Promise<Error | null>;
  readonly left: Promise<void>;
  readonly #shutDown: () => Promise<void>;
  readonly #log: Logger;
  #readyAfterMs: number | null = null;
  #failure: Error | null = null;
  #stopping: Promise<void> | null = null;
  #resolveReady: (ms: number) => void = () => undefined;
  #resolveStopped: (error: Error | null) => void = () => undefined;
  #resolveLeft: () => void = () => undefined;

  /** @param shutDown - closes everything; called once */
  constructor(shutDown: () => Promise<void>, log: Logger) {
    this.#shutDown = shutDown;
    this.#log = log;
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve));
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
    this.left = new Promise((resolve) => (this.#resolveLeft = resolve));
  }

  get stopping(): boolean {
    return this.#stopping !== null;
  }

  /** Milliseconds from process start until the node was ready; `null` before. */
  get readyAfterMs(): number | null {
    return this.#readyAfterMs;
  }

  /** @returns the time since process start, in milliseconds */
  becomeReady(): number {
    this.#readyAfterMs ??= Math.round(performance.now());
    this.#resolveReady(this.#readyAfterMs);
    return this.#readyAfterMs;
  }

  /** The others go on without this node. */
  hasLeft(): void {
    this.#resolveLeft();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  /** The first error is the one that matters; it must be told whatever else breaks. */
  endWith(error: Error | null): void {
    if (error === null) return;
    this.#failure ??= error;
    this.stop().catch((closing: unknown) => {
      this.#log.error("closing failed", { error: closing });
      this.#resolveStopped(this.#failure);
    });
  }

  async #end(): Promise<void> {
    await this.#shutDown();
    this.#resolveStopped(this.#failure);
  }
}
