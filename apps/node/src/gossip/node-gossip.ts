/** The gossip of a node: off, not begun yet, or a {@link GossipService}. */
import type { GossipTiming } from "@counter/gossip";
import type { Logger } from "winston";

import { isLoopback } from "../config/addresses.ts";
import type { Ask } from "../membership/asking.ts";
import type { CommonConfig } from "../config/node-config.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { GossipFile } from "./gossip-file.ts";
import type { GossipMember, GossipSummary } from "./gossip-member.ts";
import { gossipPlace, type GossipPlace } from "./gossip-place.ts";
import { GossipSeeds } from "./gossip-seeds.ts";
import { GossipService, tagsEveryMs } from "./gossip-service.ts";
import { KeyringFile } from "./keyring-file.ts";
import type { NodeTags } from "./node-tags.ts";

export interface NodeGossipParts {
  readonly config: Pick<
    CommonConfig,
    "label" | "host" | "address" | "gossipPort" | "gossipKeyFile"
  >;
  readonly log: Logger;
  /** Where `gossip.json` is; `null`: nowhere. */
  readonly folder: string | null;
  /** Of nodes that ought to gossip as well, as `host:port` for HTTP. Asked again and again. */
  readonly seeds: () => readonly string[];
  /** How other nodes are asked; default: in the clear. */
  readonly ask?: Ask;
  /** What the query `status` of Serf is answered with. */
  readonly status: () => unknown;
  /** Default: memberlist's for a local network. */
  readonly timing?: Partial<GossipTiming>;
}

export interface OwnMember {
  /** Of the data directory, 32 hexadecimal digits: it makes the name unique, and keeps it. */
  readonly directoryId: string;
  /** What the node says of itself now; asked again and again. */
  readonly tags: () => NodeTags;
  /** Between two looks at nodes that are not found, in milliseconds; of the first call only. */
  readonly seedLookupMs?: number;
}

export class NodeGossip {
  readonly #parts: NodeGossipParts;
  #tags: () => NodeTags = () => {
    throw new Error("the gossip has not begun");
  };
  #begun: Promise<void> | null = null;
  #service: GossipService | null = null;
  #seeds: GossipSeeds | null = null;
  #refreshing: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(parts: NodeGossipParts) {
    this.#parts = parts;
  }

  /** `null` while there is none: gossip is off, or has not begun. */
  get service(): GossipService | null {
    return this.#service;
  }

  /** What this node says of itself; `null` while there is no gossip. */
  tags(): NodeTags | null {
    return this.#service?.tags ?? null;
  }

  members(): readonly GossipMember[] {
    return this.#service?.members() ?? [];
  }

  summary(): GossipSummary | null {
    return this.#service?.summary() ?? null;
  }

  /**
   * Takes part, if it is not switched off. It may begin before the node knows its cluster; a further
   * call only changes where the tags come from.
   *
   * @throws StartError with exit code 2 for a bad key file, 5 if the port cannot be had
   */
  async begin({ directoryId, tags, ...more }: OwnMember): Promise<void> {
    this.#tags = tags;
    if (this.#begun === null) this.#begun = this.#start(directoryId, more);
    else this.refresh();
    await this.#begun;
  }

  /** The node may say something else of itself now; it is looked at once a second anyway. */
  refresh(): void {
    this.#service?.setTags(this.#tags());
  }

  /**
   * Says goodbye: the others show this node as `left`, not as failed. Then {@link end} it.
   *
   * @param withinMs - longest time for that, in milliseconds; who has not heard it then will see
   *   the node fail
   */
  async leave(withinMs: number): Promise<void> {
    const service = this.#service;
    if (service === null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    try {
      await Promise.race([service.leave(), late]);
    } catch (error) {
      this.#parts.log.warn("gossip: no goodbye", { reason: messageOf(error) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops without a word. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#begun?.catch(() => undefined); // told to whoever began it
    this.#seeds?.close();
    if (this.#refreshing !== null) clearInterval(this.#refreshing);
    await this.#service?.close();
  }

  async #start(directoryId: string, more: { readonly seedLookupMs?: number }): Promise<void> {
    const { config, log, folder, timing } = this.#parts;
    const { gossipPort: port, gossipKeyFile } = config;
    if (port === null) return;
    const keys = gossipKeyFile === null ? null : await KeyringFile.open(gossipKeyFile);
    const place = await gossipPlace(config, log);
    const file = folder === null ? null : await GossipFile.open(folder, log);
    if (this.#ended) return;
    const service = await this.#bound(place, () => {
      return GossipService.start({
        name: `${config.label}-${directoryId.slice(0, 8)}`,
        ...place,
        ...more,
        port,
        tags: this.#tags(),
        seeds: this.#seedsAfter(file?.kept?.addresses ?? []).source,
        keys,
        file,
        status: this.#parts.status,
        log,
        ...(timing === undefined ? {} : { timing }),
      });
    });
    if (service === null) return;
    this.#service = service;
    this.#refreshing = setInterval(() => this.refresh(), tagsEveryMs).unref();
    log.info(`gossips as ${service.name} at ${service.address}`, { encrypted: keys !== null });
    if (isLoopback(place.bindHost) || keys !== null) return;
    log.warn(
      `the gossip at ${service.address} is open to the network: whoever reaches it can say anything of anybody there; give all nodes one --gossip-key-file`,
    );
  }

  #seedsAfter(remembered: readonly string[]): GossipSeeds {
    const { seeds: addresses, log } = this.#parts;
    const found = (): ReadonlySet<string> => {
      const alive = this.members().filter(({ standing }) => standing === "alive");
      return new Set(alive.flatMap(({ node }) => (node === null ? [] : [node.http])));
    };
    this.#seeds = new GossipSeeds({
      addresses,
      found,
      remembered,
      log,
      ...(this.#parts.ask === undefined ? {} : { ask: this.#parts.ask }),
    });
    return this.#seeds;
  }

  /** @returns `null` if nobody could be told where this node is: a node alone needs no gossip */
  async #bound(
    { bindHost }: GossipPlace,
    start: () => Promise<GossipService>,
  ): Promise<GossipService | null> {
    try {
      return await start();
    } catch (error) {
      const code = codeOf(error) ?? "";
      if (code === "GOSSIP_ADVERTISE") {
        const text = `no gossip: ${messageOf(error)}; add --advertise=host:port`;
        this.#parts.log.warn(text);
        return null;
      }
      const why: Readonly<Record<string, string>> = {
        EADDRINUSE:
          "is in use by another process; stop it, or choose another --gossip-port (or off)",
        EACCES: "may not be used by this user; choose a --gossip-port above 1023",
        EADDRNOTAVAIL: "is not an address of this machine; check --host",
      };
      if (why[code] === undefined) throw error;
      const text = `gossip: ${bindHost}:${this.#parts.config.gossipPort ?? "off"} ${why[code]}`;
      throw new StartError(exitCodes.port, text, { cause: error });
    }
  }
}
