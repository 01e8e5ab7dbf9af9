/**
 * A cluster of gossiping members in one process: virtual time, and all chance from one seed. The
 * cores are the real ones, and so are their messages; only encoding is left out.
 */
import {
  GossipCore,
  defaultLimits,
  defaultVersions,
  lanTiming,
  packetBytes,
} from "@counter/gossip";
import type {
  Address,
  Effect,
  GossipCoreLike,
  GossipLimits,
  GossipOptions,
  GossipTiming,
  MemberEvent,
  MemberName,
  PushPullState,
} from "@counter/gossip";
import { EventHeap } from "../event-heap.ts";
import { Random } from "../random.ts";
import { Trace } from "../trace.ts";
import { describeAddress, describeEffect } from "./describe.ts";
import { SimMember, unitsPerMs } from "./member.ts";
import type { MemberHost } from "./member.ts";
import { GossipNetwork } from "./network.ts";
import type { GossipWeather } from "./network.ts";

/** Makes a core; a mutant is another one of these. */
export type CoreFactory = (options: GossipOptions, now: number) => GossipCoreLike;

export interface GossipWorldOptions {
  readonly seed: number;
  readonly timing?: Partial<GossipTiming>;
  readonly limits?: Partial<GossipLimits>;
  readonly weather?: Partial<GossipWeather>;
  readonly factory?: CoreFactory;
  /** Whether everything is written down, as seconds, member and what it does. */
  readonly trace?: boolean;
}

/** What somebody who watches is told. */
export interface GossipWatcher {
  onEvent?(event: MemberEvent, at: SimMember, nowMs: number): void;
  onUser?(payload: Uint8Array, at: SimMember, nowMs: number): void;
  onEffect?(effect: Effect, at: SimMember, nowMs: number): void;
}

export const gossipPort: number = 7946;

export function addressOf(index: number): Address {
  return { host: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: gossipPort };
}

export function nameOf(index: number): MemberName {
  return `n${index}`;
}

function indexOf(address: Address): number {
  const [, a, b, c] = address.host.split(".");
  return (Number(a) << 16) | (Number(b) << 8) | Number(c);
}

const noMeta = new Uint8Array(0);

export class GossipWorld implements MemberHost {
  readonly heap: EventHeap = new EventHeap();
  readonly members: SimMember[] = [];
  readonly network: GossipNetwork;
  readonly trace: Trace;
  watcher: GossipWatcher = {};
  readonly #options: GossipWorldOptions;
  readonly #seeds: Random;
  readonly #streams = new Map<number, { readonly from: SimMember; readonly exchange: number }>();
  #lastStream = 0;

  constructor(options: GossipWorldOptions) {
    this.#options = options;
    const { trace = false } = options;
    this.trace = new Trace(trace, (now) => (now / unitsPerMs / 1000).toFixed(3));
    const random = new Random(options.seed, "gossip");
    this.#seeds = random.fork("cores");
    this.network = new GossipNetwork(random.fork("network"), options.weather ?? {});
  }

  get nowMs(): number {
    return this.heap.now / unitsPerMs;
  }

  get hash(): string {
    return this.trace.hash;
  }

  /**
   * Starts a process; with the index of an earlier one it takes its place and address.
   *
   * @param life - another name than that of its place, and its first incarnation if it is not 1
   */
  start(
    index: number,
    life: { readonly name?: MemberName; readonly incarnation?: number } = {},
  ): SimMember {
    const { name = nameOf(index), incarnation = 1 } = life;
    const { timing, limits, factory } = this.#options;
    const options: GossipOptions = {
      ...{ name, address: addressOf(index), meta: noMeta },
      ...{ versions: defaultVersions, incarnation, seed: this.#seeds.next() | 0 },
      timing: { ...lanTiming, ...timing },
      limits: { ...defaultLimits, ...limits },
    };
    const create = factory ?? ((given, now) => new GossipCore(given, now));
    const member = new SimMember(index, create(options, this.nowMs), this);
    this.members[index] = member;
    if (this.trace.recording) this.say(member, `starts as ${name}@${incarnation}`);
    return member;
  }

  /** Members who know each other from the beginning, as after a long calm time. */
  startAcquainted(count: number): void {
    const states: PushPullState[] = [];
    for (let index = 0; index < count; index += 1) {
      states.push({
        ...{ name: nameOf(index), address: addressOf(index), meta: noMeta, incarnation: 1 },
        ...{ state: "alive", versions: defaultVersions },
      });
    }
    const message = { type: "pushPull", join: false, states, userState: noMeta } as const;
    for (let index = 0; index < count; index += 1) {
      const { core } = this.start(index);
      const join = { type: "join", context: 0, addresses: [addressOf(count)] } as const;
      for (const effect of core.step(join, this.nowMs)) {
        if (effect.type !== "openStream") continue;
        core.step({ type: "streamAnswered", exchange: effect.exchange, message }, this.nowMs);
      }
    }
    for (const member of this.members) member.deliver({ type: "tick" });
  }

  /** Runs until that time, or until `done`. @returns whether it was done */
  run(untilMs: number, done: () => boolean = () => false): boolean {
    const end = untilMs * unitsPerMs;
    this.heap.after(end - this.heap.now, () => undefined); // so that time gets there
    while (this.heap.now < end && !done()) this.heap.runNext();
    return done();
  }

  /** Writes down what happened to a member. */
  say(member: SimMember, what: string): void {
    this.trace.line(this.heap.now, nameOf(member.index), what);
  }

  /** Writes down what happened to all of them. */
  remark(what: string): void {
    this.trace.line(this.heap.now, "--", what);
  }

  perform(member: SimMember, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (this.trace.recording) this.#describe(member, effect);
      this.watcher.onEffect?.(effect, member, this.nowMs);
      this.#performOne(member, effect);
    }
  }

  #describe(member: SimMember, effect: Effect): void {
    const what = describeEffect(effect);
    if (what !== null) this.say(member, what);
  }

  #performOne(member: SimMember, effect: Effect): void {
    switch (effect.type) {
      case "packet":
        return this.#sendPacket(member, effect);
      case "openStream":
        return this.#openStream(member, effect);
      case "answerStream":
        return this.#answer(member, effect);
      case "event":
        this.#record(member, effect.event);
        return this.watcher.onEvent?.(effect.event, member, this.nowMs);
      case "user":
        return this.watcher.onUser?.(effect.payload, member, this.nowMs);
      default:
    }
  }

  #record(member: SimMember, event: MemberEvent): void {
    this.trace.mix(this.heap.now);
    this.trace.mix(member.index);
    this.trace.mix(indexOf(event.member.address));
    this.trace.mix(event.sequence * 16 + event.type.length);
  }

  #sendPacket(from: SimMember, effect: Extract<Effect, { type: "packet" }>): void {
    const { messages } = effect;
    from.packetsSent += 1;
    from.bytesSent += packetBytes(messages);
    const to = indexOf(effect.to);
    const took = this.network.packetMs(from.index, to);
    if (took === null) return this.#lose(from, effect.to);
    const input = { type: "packet", from: addressOf(from.index), messages } as const;
    this.heap.after(took * unitsPerMs, () => this.members[to]?.deliver(input));
  }

  #lose(from: SimMember, to: Address): void {
    if (this.trace.recording) this.say(from, `-> ${describeAddress(to)}  (that was lost)`);
  }

  #openStream(from: SimMember, effect: Extract<Effect, { type: "openStream" }>): void {
    const { exchange, message } = effect;
    from.streamsOpened += 1;
    const to = indexOf(effect.to);
    const took = this.network.streamMs(from.index, to);
    if (took === null) return this.#lose(from, effect.to); // its time runs out
    this.heap.after(took * unitsPerMs, () => {
      const member = this.members[to];
      if (member === undefined || member.crashed) {
        return from.deliver({ type: "streamFailed", exchange });
      }
      this.#lastStream += 1;
      const stream = this.#lastStream;
      this.#streams.set(stream, { from, exchange });
      member.deliver({ type: "stream", stream, from: addressOf(from.index), message });
      if (message.type === "user") from.deliver({ type: "streamDone", exchange });
    });
  }

  #answer(member: SimMember, effect: Extract<Effect, { type: "answerStream" }>): void {
    const opened = this.#streams.get(effect.stream);
    this.#streams.delete(effect.stream);
    if (opened === undefined) return;
    const { from, exchange } = opened;
    const took = this.network.streamMs(member.index, from.index);
    if (took === null) return this.#lose(member, addressOf(from.index));
    const { message } = effect;
    this.heap.after(took * unitsPerMs, () =>
      from.deliver({ type: "streamAnswered", exchange, message }),
    );
  }
}
