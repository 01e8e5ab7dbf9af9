/**
 * This node as a member of a Serf cluster: who is there, what each says of itself, and what this
 * node says. Everything here is a hint; whoever acts on it asks the node itself first.
 */
import {
  SerfNode,
  type GossipTiming,
  type SeedSource,
  type SerfNodeOptions,
  type SerfQuestion,
} from "@counter/gossip";
import type { Logger } from "winston";

import { formatAddress } from "../config/addresses.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { Changes } from "./changes.ts";
import type { GossipFile } from "./gossip-file.ts";
import { gossipMember, summaryOf, type GossipMember, type GossipSummary } from "./gossip-member.ts";
import { GossipWatch } from "./gossip-watch.ts";
import type { KeyringFile } from "./keyring-file.ts";
import { encodeNodeTags, type NodeTags } from "./node-tags.ts";

/** Least time between two changes of our tags, in milliseconds: each is a rumour to everybody. */
export const tagsEveryMs: number = 1000;
/** Between two looks at nodes that are not found, in milliseconds, unless there is a hurry. */
const seedLookupDefaultMs = 5000;

export interface GossipServiceOptions {
  /** Unique among all members, and kept for ever. */
  readonly name: string;
  readonly bindHost: string;
  /** 0: any that is free. */
  readonly port: number;
  /** An address; `null`: that of the only interface. */
  readonly advertiseHost: string | null;
  readonly tags: NodeTags;
  readonly seeds: SeedSource;
  /** `null`: not encrypted. */
  readonly keys: KeyringFile | null;
  /** `null`: nothing is kept. */
  readonly file: GossipFile | null;
  /** What the query `status` is answered with. */
  readonly status: () => unknown;
  readonly log: Logger;
  /** Between two looks at nodes that are not found, in milliseconds; default 5000. */
  readonly seedLookupMs?: number;
  /** Default: memberlist's for a local network. */
  readonly timing?: Partial<GossipTiming>;
}

export class GossipService {
  readonly #serf: SerfNode;
  readonly #options: GossipServiceOptions;
  readonly #watch: GossipWatch;
  readonly #changes = new Changes();
  #tags: NodeTags;
  /** What the others were told last, and what they are to be told. */
  #said: string;
  #wanted: Readonly<Record<string, string>>;
  #pause: NodeJS.Timeout | null = null;
  #leaving = false;
  #closing: Promise<void> | null = null;

  private constructor(serf: SerfNode, options: GossipServiceOptions, watch: GossipWatch) {
    this.#serf = serf;
    this.#options = options;
    this.#watch = watch;
    this.#tags = options.tags;
    this.#wanted = encodeNodeTags(options.tags);
    this.#said = JSON.stringify(this.#wanted);
  }

  /**
   * Binds the sockets and takes part; the others are looked for in the background, for ever.
   *
   * @throws what `SerfNode.start` does: AdvertiseError, or what the system says of the sockets
   */
  static async start(options: GossipServiceOptions): Promise<GossipService> {
    let service: GossipService | null = null;
    const watch = new GossipWatch(options.log, () => service?.tags ?? options.tags);
    const observer: SerfNodeOptions["observer"] = {
      ...watch.observer,
      onNote: (note) => {
        if (note.type === "refuted") options.file?.changed();
        watch.observer.onNote?.(note);
      },
    };
    const serf = await SerfNode.start({ ...serfOptions(options), observer });
    service = new GossipService(serf, options, watch);
    options.file?.follow(() => serf.gossip.snapshot());
    void service.#follow();
    return service;
  }

  get name(): string {
    return this.#serf.name;
  }

  /** `host:port` where the others reach the gossip of this node. */
  get address(): string {
    return formatAddress(this.#serf.gossip.address);
  }

  /** What this node says of itself. */
  get tags(): NodeTags {
    return this.#tags;
  }

  /** Everybody that is known, this node and those that are gone included; those for a day. */
  members(): readonly GossipMember[] {
    return this.#serf.gossip.members().map(gossipMember);
  }

  summary(): GossipSummary {
    return summaryOf({ name: this.name, address: this.address }, this.#serf.gossip.members());
  }

  /**
   * Yields at once, and whenever a member is another one than before; a slow reader finds many
   * changes in one. Ends with the signal or the service.
   */
  changes(signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    return this.#changes.read(signal);
  }

  /** Says this of the node from now on; told at most once a second, then the newest. */
  setTags(tags: NodeTags): void {
    const wanted = encodeNodeTags(tags);
    const mayBeOurs = this.#tags.cluster !== tags.cluster;
    this.#tags = tags;
    this.#wanted = wanted;
    this.#tellTags();
    // Who is of our cluster is only known once we know which one that is.
    if (mayBeOurs) this.#tellAll();
  }

  /** Says goodbye, so that the others show this member as `left`; then {@link close} it. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#serf.leave();
  }

  /** Stops without a word: the others find out, and show this member as failed until it is back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#options.file?.changed();
    await this.#options.file?.close();
    await this.#serf.close();
    this.#changes.close();
  }

  #tellTags(): void {
    const text = JSON.stringify(this.#wanted);
    if (this.#pause !== null || text === this.#said || this.#isEnding()) return;
    this.#said = text;
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#tellTags();
    }, tagsEveryMs).unref();
    this.#serf.setTags(this.#wanted).then(
      () => this.#changed(),
      (error: unknown) => {
        if (this.#isEnding()) return;
        this.#said = ""; // said again after the pause
        this.#options.log.warn("gossip: the tags could not be changed", {
          reason: `${messageOf(error)} (${codeOf(error) ?? "no code"})`,
        });
      },
    );
  }

  #tellAll(): void {
    for (const member of this.members()) this.#watch.onMember(member);
  }

  #isEnding(): boolean {
    return this.#leaving || this.#closing !== null;
  }

  #changed(): void {
    this.#options.file?.changed();
    this.#changes.notify();
  }

  /** Ends with the service. */
  async #follow(): Promise<void> {
    for await (const event of this.#serf.gossip.events()) {
      if (event.type === "snapshot") this.#tellAll();
      else if (event.type === "conflict") this.#watch.onConflict(event);
      else this.#watch.onMember(gossipMember(event.member));
      this.#changed();
    }
  }
}

function serfOptions(options: GossipServiceOptions): SerfNodeOptions {
  const { name, bindHost, port, advertiseHost, tags, keys, file, timing } = options;
  const kept = file?.kept ?? null;
  const seedLookupMs = options.seedLookupMs ?? seedLookupDefaultMs;
  return {
    name,
    bindHost,
    bindPort: port,
    ...(advertiseHost === null ? {} : { advertiseHost }),
    tags: encodeNodeTags(tags),
    seeds: options.seeds,
    seedLookupMs,
    ...(keys === null ? {} : { keyring: keys.keyring, onKeysChanged: () => keys.save() }),
    ...(kept === null ? {} : { incarnation: kept.incarnation + 1 }),
    // A seed that was looked up and is not known is tried as often: two groups meet through it.
    timing: { seedIntervalMs: seedLookupMs, ...timing },
    onQuery: (question) => answerTo(question, options),
  };
}

/** Other programs of a Serf cluster may have queries of their own. */
function answerTo({ name }: SerfQuestion, { status }: GossipServiceOptions): Uint8Array | null {
  return name === "status" ? new TextEncoder().encode(JSON.stringify(status())) : null;
}
