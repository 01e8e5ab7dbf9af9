/// <reference lib="esnext.disposable" preserve="true" />
/** The public face of the host: increments, reads, members. */
import type { Changes, Operation } from "../core/door.ts";
import type { Contributions, CounterView, KeyConflict } from "../data/looking.ts";
import { StoppedError } from "../errors.ts";
import type { Address, CounterName } from "../types.ts";
import type { Token } from "../types.ts";
import {
  checkAddition,
  checkAddresses,
  checkCounter,
  checkedConfiguring,
  checkedDeletion,
  checkSet,
  checkSets,
} from "./checks.ts";
import type { Addition, Configuring, Deletion, Setting } from "./checks.ts";
import type { CounterFeed } from "./counter-feed.ts";
import { Host } from "./host.ts";
import { checkList, listOf, type ListQuery } from "./listing.ts";
import type {
  CounterRead,
  EventualEvent,
  EventualNodeOptions,
  EventualNodeStatus,
  ListRead,
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
  /** For whoever shows counters as they change. */
  readonly feed: CounterFeed;

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
    this.feed = host.feed;
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
   * does not know yet stays. The same key at two nodes adds one value, and what either of them knew
   * counts no longer. Throws as {@link add} does.
   */
  async set(setting: Setting, options: WriteOptions = {}): Promise<Written> {
    checkSet(setting);
    const { counter, value, key = null } = setting;
    return this.#submit({ type: "set", counter, value, key }, options);
  }

  /** {@link set}, to 0 unless told otherwise. */
  async reset(
    { to: value = 0n, ...rest }: Omit<Setting, "value"> & { readonly to?: bigint },
    options: WriteOptions = {},
  ): Promise<Written> {
    return this.set({ ...rest, value }, options);
  }

  /**
   * Makes a counter that did not exist as far as this node knows. Another node may do the same at the
   * same time: then it is one counter, with the labels of the later of the two.
   *
   * @throws {RefusedError} also `EVENTUAL_COUNTER_EXISTS`; and as {@link add} does
   */
  async create(configuring: Configuring, options: WriteOptions = {}): Promise<Written> {
    const wanted = checkedConfiguring(configuring);
    return this.#submit({ type: "configure", ...wanted, isNew: true }, options);
  }

  /**
   * Changes labels on top of those that this node knows; of two nodes that do so at the same time,
   * all labels of the later one hold.
   *
   * @throws {RefusedError} also `EVENTUAL_COUNTER_NOT_FOUND`, `EVENTUAL_TOO_MANY_LABELS`; and as
   *   {@link add} does
   */
  async configure(configuring: Configuring, options: WriteOptions = {}): Promise<Written> {
    const wanted = checkedConfiguring(configuring);
    return this.#submit({ type: "configure", ...wanted, isNew: false }, options);
  }

  /**
   * Everything that this node knows of the counter counts no longer, and it does not exist any more.
   * What this node does not know yet is not lost: when it arrives the counter is there again, with
   * that.
   *
   * @throws {RefusedError} also `EVENTUAL_COUNTER_NOT_FOUND`; and as {@link add} does
   */
  async delete(deletion: Deletion, options: WriteOptions = {}): Promise<Written> {
    return this.#submit({ type: "delete", ...checkedDeletion(deletion) }, options);
  }

  /** {@link set}s all these counters; those that exist and are not named to 0, or not. */
  async restore(
    counters: ReadonlyMap<CounterName, bigint>,
    options: WriteOptions & { readonly others?: "kept" | "zeroed" } = {},
  ): Promise<Written> {
    checkSets(counters);
    return this.#submit({ type: "restore", counters, others: options.others ?? "zeroed" }, options);
  }

  /** What this node knows now; 0n of a counter that was never touched. */
  value(counter: CounterName): bigint {
    return this.#host.core.value(counter);
  }

  /** A counter as this node knows it now. */
  look(counter: CounterName): CounterView {
    return this.#host.core.look(counter);
  }

  /** All counters that exist as far as this node knows, and their values, in no order. */
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
    const { value, token, stale } = await this.counter(counter, options);
    return { value, token, stale };
  }

  /** {@link read}s all there is to know of a counter. */
  async counter(counter: CounterName, options: ReadOptions = {}): Promise<CounterRead> {
    checkCounter(counter);
    if (this.#host.isStopping) throw new StoppedError();
    const stale = await this.#host.reads.wait(options);
    const spread = options.spread === true ? this.#host.core.spreads()(counter) : null;
    return { ...this.look(counter), token: this.token(), stale, spread };
  }

  /** {@link read}s a page of the counters that exist. RangeError also on a query out of range. */
  async list(query: ListQuery = {}, options: ReadOptions = {}): Promise<ListRead> {
    checkList(query);
    if (this.#host.isStopping) throw new StoppedError();
    const stale = await this.#host.reads.wait(options);
    const token = this.token(); // first: what comes in meanwhile may be in the page, or not
    return { ...(await listOf(this.#host.core, query)), token, stale };
  }

  /** What the value of a counter is made of, as this node knows it now. */
  contributions(counter: CounterName): Contributions {
    return this.#host.core.contributions(counter);
  }

  /** Keys with different operations, on this counter or any: the latest 1000 of this process. */
  conflicts(counter?: CounterName): readonly KeyConflict[] {
    return this.#host.core.conflicts(counter ?? null);
  }

  /** A short text: where it is the same, at this node or another, so is every counter. */
  knowledge(): string {
    return this.#host.core.knowledge();
  }

  /**
   * Which counters may have another value, other labels, or come and gone, by a write of anybody,
   * from now on; `all` for more than 1024 names, and after a snapshot. A slow reader gets one set.
   */
  changes(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<Changes> {
    return this.#host.changes.subscribe(options.signal);
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
    return this.#host.submit(operation, options);
  }
}
