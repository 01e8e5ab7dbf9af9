/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A member: the core with sockets, a clock, a resolver of names and promises around it.
 *
 * It is a member for all who speak memberlist's protocol; what a member of Serf says besides is in
 * `serf-node.ts`.
 */
import { randomInt } from "node:crypto";
import type { GossipSnapshot, GossipStatus, MemberView } from "../core/door.ts";
import { GossipCore } from "../core/gossip-core.ts";
import type { Address, MemberName } from "../types.ts";
import { advertisedHost, isLoopback } from "./advertise.ts";
import { Host } from "./host.ts";
import type { GossipEvent } from "./member-events.ts";
import { fullOptions, type GossipNodeOptions } from "./options.ts";
import { SeedKeeper } from "./seed-keeper.ts";
import { nameService, SeedResolver, type NameService } from "./seeds.ts";
import { GossipSockets } from "./sockets.ts";

export class GossipNode {
  readonly #given: GossipNodeOptions;
  readonly #host: Host;
  readonly #names: NameService;
  readonly #seeds: SeedKeeper;
  #closing: Promise<void> | null = null;
  /** Where the others reach this member. */
  readonly address: Address;

  private constructor(given: GossipNodeOptions, host: Host, address: Address) {
    this.#given = given;
    this.#host = host;
    this.address = address;
    this.#names = nameService(given.dnsServers);
    const { seeds, seedLookupMs } = host.options;
    this.#seeds = new SeedKeeper(new SeedResolver(seeds, this.#names), seedLookupMs, {
      isAlone: () => host.core.status().live <= 1,
      setSeeds: (addresses) => this.#setSeeds(addresses),
      onSeedFailed: (seed, error) => given.observer?.onSeedFailed?.(seed, error),
    });
  }

  /**
   * Binds the sockets and takes part. Seeds are joined in the background, for as long as it takes.
   *
   * @throws RangeError, GossipAddressError or AdvertiseError on options, and what the system says
   *   of the sockets
   */
  static async start(given: GossipNodeOptions): Promise<GossipNode> {
    const options = fullOptions(given);
    const sockets = await GossipSockets.bind(options.bind);
    try {
      const host = advertisedHost(given.advertiseHost, options.bind.host);
      const address = { host, port: given.advertisePort ?? sockets.bound.port };
      const { name, meta, versions, incarnation, timing, limits } = options;
      const seed = randomInt(0xffffffff);
      const core = new GossipCore(
        { name, address, meta, versions, incarnation, seed, timing, limits },
        performance.now(),
      );
      const node = new GossipNode(given, new Host(core, sockets, { given, options }), address);
      void node.#seeds.run(); // never rejects
      return node;
    } catch (error) {
      await sockets.close();
      throw error;
    }
  }

  get name(): MemberName {
    return this.#host.options.name;
  }

  /** Where the sockets are bound. */
  get bound(): Address {
    return this.#host.sockets.bound;
  }

  /** Everybody that is known, this member and those that are gone included; copies. */
  members(): readonly MemberView[] {
    return this.#host.core.members();
  }

  status(): GossipStatus {
    return this.#host.core.status();
  }

  /** What to keep, so that the next process of this member comes back as itself. */
  snapshot(): GossipSnapshot {
    return this.#host.core.snapshot();
  }

  /**
   * All members, and then everything that happens to them; ends with the signal or the member. A
   * reader that is too slow gets all members again.
   */
  events({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<GossipEvent> {
    return this.#host.events.subscribe(signal);
  }

  /**
   * Meets whoever is at these places: `host:port`, names of DNS, `srv:` names.
   *
   * @returns how many addresses answered
   * @throws GossipAddressError, GossipRefusedError, GossipClosedError, or the error of a look-up if
   *   none of the places could be looked up
   */
  async join(places: readonly string[]): Promise<number> {
    const { addresses, failures } = await new SeedResolver(places, this.#names).resolve();
    const [first] = failures;
    if (addresses.length === 0 && first !== undefined) throw first.error;
    const outcome = await this.#host.requests.ask((context) => {
      return { type: "join", context, addresses: this.#reachable(addresses) };
    });
    return outcome.type === "joined" ? outcome.reached : 0;
  }

  /** Says something else of this member: at most 512 bytes. @throws GossipRefusedError */
  async updateMeta(meta: Uint8Array): Promise<void> {
    await this.#host.requests.ask((context) => ({ type: "updateMeta", context, meta }));
  }

  /**
   * Tells everybody, as a rumour: it may be lost, and arrives in any order.
   *
   * @param key - a later broadcast with the same key takes the place of this one
   * @throws GossipRefusedError if it is longer than a packet, or too many are waiting
   */
  async broadcast(payload: Uint8Array, key: string | null = null): Promise<void> {
    await this.#host.requests.ask((context) => ({ type: "broadcast", context, key, payload }));
  }

  /**
   * Tells one member: over a stream, or in one packet that may be lost.
   *
   * @throws GossipRefusedError
   */
  async send(
    to: MemberName,
    payload: Uint8Array,
    { reliable = false }: { readonly reliable?: boolean } = {},
  ): Promise<void> {
    await this.#host.requests.ask((context) => ({ type: "send", context, to, payload, reliable }));
  }

  /** What the answers to probes carry for the layer above; at most 1 KiB. */
  setAckPayload(payload: Uint8Array): void {
    this.#host.pump.step({ type: "ackPayload", payload });
  }

  /** Says goodbye, and waits until that was told: the others then know that it did not fail. */
  async leave(): Promise<void> {
    await this.#host.requests.ask((context) => ({ type: "leave", context }));
  }

  /** Stops without a word and closes the sockets. Whoever waits gets a `GossipClosedError`. */
  close(): Promise<void> {
    this.#seeds.close();
    return (this.#closing ??= this.#host.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #setSeeds(addresses: readonly Address[]): void {
    const reachable = this.#reachable(addresses);
    const remote = reachable.some(({ host }) => !isLoopback(host));
    if (remote && isLoopback(this.address.host)) {
      this.#given.observer?.onLoopbackAdvertised?.(this.address);
    }
    this.#host.pump.step({ type: "seeds", addresses: reachable });
  }

  /** A host without IPv6 has no use for the half of the answers that are IPv6. */
  #reachable(addresses: readonly Address[]): readonly Address[] {
    return addresses.filter(({ host }) => this.#host.sockets.canReach(host));
  }
}
