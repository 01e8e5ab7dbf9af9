/** A core under test, its clock, and all that it wanted done. */
import type { Effect, Input, MemberEvent, Note, Outcome } from "../core/door.ts";
import { GossipCore } from "../core/gossip-core.ts";
import { defaultLimits, defaultVersions, lanTiming } from "../core/options.ts";
import type { GossipLimits, GossipOptions, GossipTiming } from "../core/options.ts";
import type { Alive, PacketMessage, PushPull, PushPullState } from "../messages.ts";
import type { Address, MemberName } from "../types.ts";

export function address(last: number): Address {
  return { host: `10.0.0.${last}`, port: 7946 };
}

export interface Overrides {
  readonly name?: MemberName;
  readonly incarnation?: number;
  readonly seed?: number;
  readonly timing?: Partial<GossipTiming>;
  readonly limits?: Partial<GossipLimits>;
}

export function optionsOf(overrides: Overrides = {}): GossipOptions {
  const { name = "self", incarnation = 1, seed = 1, timing, limits } = overrides;
  return {
    ...{ name, address: address(1), meta: new Uint8Array(0), versions: defaultVersions },
    ...{ incarnation, seed },
    timing: { ...lanTiming, ...timing },
    limits: { ...defaultLimits, ...limits },
  };
}

export class Harness {
  readonly core: GossipCore;
  now = 0;
  /** Since they were looked at last. */
  effects: Effect[] = [];

  constructor(overrides: Overrides = {}) {
    this.core = new GossipCore(optionsOf(overrides), 0);
  }

  step(input: Input): void {
    this.effects.push(...this.core.step(input, this.now));
  }

  /** Something arrives in a packet. */
  receive(...messages: PacketMessage[]): void {
    this.step({ type: "packet", from: address(99), messages });
  }

  /** Lets time pass, with a tick whenever one is due. */
  advance(ms: number): void {
    const until = this.now + ms;
    while (this.core.nextDeadline() <= until) {
      this.now = Math.max(this.now, this.core.nextDeadline());
      this.step({ type: "tick" });
    }
    this.now = until;
  }

  take(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  get events(): MemberEvent[] {
    return this.effects.flatMap((effect) => (effect.type === "event" ? [effect.event] : []));
  }

  /** `join a`, `suspect a` … in order. */
  get story(): string[] {
    return this.events.map(({ type, member }) => `${type} ${member.name}`);
  }

  get notes(): Note[] {
    return this.effects.flatMap((effect) => (effect.type === "note" ? [effect.note] : []));
  }

  get outcomes(): Outcome[] {
    return this.effects.flatMap((effect) => (effect.type === "outcome" ? [effect.outcome] : []));
  }

  /** All messages in packets to this address, or to all. */
  sent(to?: Address): PacketMessage[] {
    return this.effects.flatMap((effect) =>
      effect.type === "packet" && (to === undefined || effect.to.host === to.host)
        ? effect.messages
        : [],
    );
  }

  sentOf<T extends PacketMessage["type"]>(
    type: T,
    to?: Address,
  ): Extract<PacketMessage, { type: T }>[] {
    return this.sent(to).filter(
      (message): message is Extract<PacketMessage, { type: T }> => message.type === type,
    );
  }

  get opened(): Extract<Effect, { type: "openStream" }>[] {
    return this.effects.filter((effect) => effect.type === "openStream");
  }

  standingOf(name: MemberName): string | undefined {
    return this.core.members().find((member) => member.name === name)?.standing;
  }
}

export function alive(node: MemberName, last: number, incarnation = 1, meta = ""): Alive {
  return {
    ...{ type: "alive", incarnation, node, address: address(last) },
    ...{ meta: Uint8Array.from(meta, (c) => c.charCodeAt(0)), versions: defaultVersions },
  };
}

export function row(
  name: MemberName,
  last: number,
  rest: Partial<PushPullState> = {},
): PushPullState {
  return {
    ...{ name, address: address(last), meta: new Uint8Array(0), incarnation: 1, state: "alive" },
    versions: defaultVersions,
    ...rest,
  };
}

export function tableOf(...states: PushPullState[]): PushPull {
  return { type: "pushPull", join: false, states, userState: new Uint8Array(0) };
}

/** A member that knows `a`, `b`, `c` … at 10.0.0.2, 3, 4 …, and has nothing left to tell. */
export function acquainted(count: number, overrides: Overrides = {}): Harness {
  const h = new Harness(overrides);
  const rows: PushPullState[] = [];
  for (let i = 0; i < count; i += 1) rows.push(row(letter(i), i + 2));
  h.step({ type: "join", context: 1, addresses: [address(2)] });
  const [join] = h.opened;
  h.step({ type: "streamAnswered", exchange: join!.exchange, message: tableOf(...rows) });
  h.take();
  return h;
}

/** a, b … z, then a1, b1 … */
export function letter(i: number): MemberName {
  return String.fromCharCode(97 + (i % 26)) + (i < 26 ? "" : String(Math.floor(i / 26)));
}
