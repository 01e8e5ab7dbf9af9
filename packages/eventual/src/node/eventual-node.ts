/// <reference lib="esnext.disposable" preserve="true" />
/** The public face of the host: increments, reads, members. */
import type { Operation } from "../core/door.ts";
import { StoppedError } from "../errors.ts";
import type { Address, CounterName } from "../types.ts";
import type { Token } from "../wire/token.ts";
import { checkAddition, checkAddresses, checkCounter, checkSets } from "./checks.ts";
import type { Addition } from "./checks.ts";
import { Host } from "./host.ts";
import type {
  EventualEvent,
  EventualNodeOptions,
  EventualNodeStatus,
  ReadOptions,
  ReadResult,
  WaitOptions,
  WriteOptions,
} from "./options.ts";
import { endAll } from "./waiting.ts";
import type { Written } from "./written.ts";

/**
 * One node of a cluster in which every node takes increments, and each is counted once.
 *
 * @example
 * ```ts
 * const node = await EventualNode.start({ node: id, address, label, cluster, journal, transport });
 * const { value, token } = await node.add({ counter: "likes", delta: 1n, key });
 * const { value: seen } = await other.read("likes", { atLeast: token });
 * ```
 */
export class EventualNode {
  /**
   * Resolves when the first exchange with the others is over, or nobody answers: the node shows what
   * they know, and takes keys wherever it can. Rejects as {@link stopped} tells if it stops before.
   */
  readonly ready: Promise<void>;
  /** Resolves when the node has stopped: `null` after `stop` or `leave`, else the first error. */
  readonly stopped: Promise<Error | null>;

  readonly #host: Host;

  /**
   * Takes in what the journal holds, and takes part from then on.
   *
   * @throws {RangeError} on options out of range
   * @throws {MalformedError} on a journal that is not one, or whatever the journal rejects with
   */
  static async start(options: EventualNodeOptions): Promise<EventualNode> {
    try {
      const host = new Host(options);
      await host.begin();
      return new EventualNode(host);
    } catch (error) {
      // What the node owns must not stay locked; the error that was first is the one to tell.
      await endAll([() => options.transport.close(), () => options.journal.close()]);
      throw error;
    }
  }

  private constructor(host: Host) {
    this.#host = host;
    this.ready = host.ready;
    this.stopped = host.stopped;
  }

  /**
   * Counts.
   *
   * @returns once it is on this node's disk, and on those of as many others as `acks` asks for
   * @throws {RefusedError | StorageFullError | StoppedError} this attempt did not take effect
   * @throws {AckTimeoutError} it counts, and not enough others are known to have it yet
   * @throws {OutcomeUnknownError} the wait ended before it was known to be on the disk
   * @throws {RangeError} on a name, key, delta or `acks` that is none
   */
  async add({ counter, delta, key }: Addition, options: WriteOptions = {}): Promise<Written> {
    checkAddition(key === undefined ? { counter, delta } : { counter, delta, key });
    return this.#submit({ type: "add", counter, delta, key: key ?? null }, options);
  }

  /**
   * Everything that this node knows of the counter counts no longer, then `value` is added; what it
   * does not know yet stays. Throws as {@link add} does.
   */
  async set(
    { counter, value }: { readonly counter: CounterName; readonly value: bigint },
    options: WriteOptions = {},
  ): Promise<Written> {
    checkSets([[counter, value]]);
    return this.#submit({ type: "set", counter, value }, options);
  }

  /** {@link set}s all counters: those that are not named, to 0. */
  async restore(
    counters: ReadonlyMap<CounterName, bigint>,
    options: WriteOptions = {},
  ): Promise<Written> {
    checkSets(counters);
    return this.#submit({ type: "restore", counters }, options);
  }

  /** What this node knows now; 0n of a counter that was never touched. */
  value(counter: CounterName): bigint {
    return this.#host.core.value(counter);
  }

  /** All counters that this node knows, and their values, in no order. */
  counters(): Iterable<readonly [CounterName, bigint]> {
    return this.#host.core.counters();
  }

  /** What this node knows now, as a token: for {@link read}s elsewhere. */
  token(): Token {
    return this.#host.reads.token();
  }

  /**
   * Reads a counter when this node knows enough, as the options ask for.
   *
   * @throws {NotYetConsistentError} it could not learn that much in time
   * @throws {TokenMalformedError | TokenForeignError} `atLeast` is not a token of this cluster
   * @throws {RefusedError | StoppedError} or the reason of the signal; RangeError: no name
   */
  async read(counter: CounterName, options: ReadOptions = {}): Promise<ReadResult> {
    checkCounter(counter);
    if (this.#host.isStopping) throw new StoppedError();
    return this.#host.reads.read(counter, options);
  }

  /** Looks for members at these addresses, on all nodes, for ever; throws as {@link add} does. */
  async registerPeers(addresses: readonly Address[], options: WriteOptions = {}): Promise<Written> {
    checkAddresses(addresses);
    return this.#host.enter((context) => ({ type: "register", context, addresses }), options);
  }

  /**
   * Looks there no longer, on any node, and removes the members that are there, for good.
   *
   * @throws {RefusedError} also `EVENTUAL_NO_MAJORITY`, unless `force`; and as {@link add} does
   */
  async deregisterPeers(
    addresses: readonly Address[],
    { force = false, ...options }: WriteOptions & { readonly force?: boolean } = {},
  ): Promise<Written> {
    checkAddresses(addresses);
    const type = "deregister";
    return this.#host.enter((context) => ({ type, context, addresses, force }), options);
  }

  /**
   * A hint that somebody may be at this address, or is back there: asks now instead of when it is
   * due. Nothing is written and nobody is told; where nobody answers three times, and somebody was
   * deregistered, the hint is forgotten. While {@link hintsMax} hints are followed, others are not.
   *
   * @throws {RangeError} on what is no address
   */
  probe(address: Address): void {
    checkAddresses([address]);
    this.#host.probe(address);
  }

  /**
   * Takes no more writes, hands everything over to a majority, leaves the cluster for good, and
   * stops. The node id is used up then. A wait that ends early changes nothing of that.
   */
  async leave(options: WaitOptions = {}): Promise<Written> {
    return this.#host.enter((context) => ({ type: "leave", context }), options);
  }

  /** A copy of what is known here and now; takes some microseconds. */
  status(): EventualNodeStatus {
    return this.#host.status();
  }

  /** What happens from now on. A slow reader is told how many events it missed. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<EventualEvent> {
    return this.#host.events.subscribe(options.signal);
  }

  /**
   * Takes no more writes, waits a short time (`drainMs`) until a majority of the peers that are up
   * has everything, and closes transport and journal. What still waits is rejected. Idempotent.
   *
   * @throws the first error of stopping; everything was closed all the same
   */
  stop(): Promise<void> {
    return this.#host.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #submit(operation: Operation, options: WriteOptions): Promise<Written> {
    return this.#host.enter((context) => ({ type: "submit", context, operation }), options);
  }
}
