/** What goes wrong in a run of gossip, all drawn from its seed. */
import type { Address } from "@counter/gossip";
import type { Random } from "../random.ts";
import { unitsPerMs } from "./member.ts";
import type { SimMember } from "./member.ts";
import { calmWeather } from "./network.ts";
import { addressOf, nameOf } from "./world.ts";
import type { GossipWorld } from "./world.ts";

/** How long an operator waits who sees a member alone, until it has to join again. */
const rejoinMs = 5000;
const longCutMs = 80_000;

export class GossipFaults {
  readonly #world: GossipWorld;
  readonly #random: Random;
  readonly #left = new Set<SimMember>();
  /**
   * Those who came back after they had left. Nobody looks for them, and whom they met when they
   * joined may have been as lost as they were; so they join once more when the faults are over.
   */
  readonly #strangers = new Set<SimMember>();
  #withSeeds = false;
  #lossRate = 0;
  #cutUntilMs = 0;

  constructor(world: GossipWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Those who run and take part. */
  get running(): SimMember[] {
    return this.#world.members.filter((member) => !member.crashed && !this.#left.has(member));
  }

  /** Whether somebody who left still runs, and tells what it knew then to those who look for it. */
  get hasGhosts(): boolean {
    return [...this.#left].some((member) => !member.crashed);
  }

  /** Starts members, who find each other through seeds or because they are told to join. */
  start(count: number, withSeeds: boolean): void {
    this.#withSeeds = withSeeds;
    for (let index = 0; index < count; index += 1) this.#startOne(index);
    this.#world.run(5000);
  }

  #startOne(index: number): void {
    this.#find(this.#world.start(index), [addressOf(0)]);
  }

  #find(member: SimMember, addresses: readonly Address[]): void {
    if (this.#withSeeds) {
      member.deliver({ type: "seeds", addresses: [addressOf(0), addressOf(1)] });
    } else this.#joinUntilTogether(member, addresses);
  }

  #joinUntilTogether(member: SimMember, addresses: readonly Address[]): void {
    if (member.crashed || this.#left.has(member) || member.core.status().live > 1) return;
    member.deliver({ type: "join", context: 1, addresses });
    this.#world.heap.after(rejoinMs * unitsPerMs, () => this.#joinUntilTogether(member, addresses));
  }

  /** Lets things go wrong for so long. */
  wreak(forMs: number): void {
    const { weather } = this.#world.network;
    this.#lossRate = this.#random.pick([0, 0, 0.05, 0.2]);
    weather.lossRate = this.#lossRate;
    const end = this.#world.nowMs + forMs;
    while (this.#world.nowMs < end) {
      this.#doSomething();
      this.#world.run(this.#world.nowMs + this.#random.between(200, 6000));
    }
  }

  #doSomething(): void {
    const { members } = this.#world;
    const member = this.#random.pick(members);
    const what = this.#random.below(10);
    if (member.crashed || this.#left.has(member)) return this.#restart(member);
    if (what < 2) return this.#crash(member);
    if (what < 3) return this.#leave(member);
    if (what < 5) return member.block(this.#random.between(100, 20_000));
    if (what < 7) return this.#changeCuts();
    if (what < 9) return this.#updateMeta(member);
    this.#forge(member);
  }

  #crash(member: SimMember): void {
    if (this.running.length > 3) member.crash();
  }

  /** Half of them lose their memory of who they were, but an operator knows whom to join. */
  #restart(member: SimMember): void {
    const { incarnation } = member.core.snapshot();
    const remembers = this.#random.chance(0.5);
    const hadLeft = this.#left.has(member) || this.#strangers.delete(member);
    member.crash();
    const fresh = this.#world.start(member.index, { incarnation: remembers ? incarnation + 1 : 1 });
    if (hadLeft) this.#strangers.add(fresh);
    this.#find(fresh, this.#everybody);
  }

  get #everybody(): Address[] {
    return this.#world.members.map(({ index }) => addressOf(index));
  }

  #leave(member: SimMember): void {
    if (this.running.length <= 3) return;
    member.deliver({ type: "leave", context: 2 });
    this.#left.add(member);
  }

  #updateMeta(member: SimMember): void {
    const meta = new Uint8Array(this.#random.between(1, 512)).fill(this.#random.below(256));
    member.deliver({ type: "updateMeta", context: 3, meta });
  }

  /** Somebody says of a member what it never said. */
  #forge(member: SimMember): void {
    const victim = this.#random.pick(this.#world.members);
    const incarnation = 2 ** 31 + this.#random.below(2 ** 31);
    const node = nameOf(victim.index);
    const about = { incarnation, node, from: node };
    const type = this.#random.pick(["suspect", "dead"] as const);
    const from = addressOf(victim.index);
    this.#world.say(member, `is told what is forged: ${type} ${node}@${incarnation}`);
    member.deliver({ type: "packet", from, messages: [{ type, ...about }] });
  }

  /** Some cuts last until each side has given the other up, and gossips to it no more. */
  #changeCuts(): void {
    const { nowMs, network } = this.#world;
    if (nowMs < this.#cutUntilMs) return;
    this.#cutUntilMs = nowMs + this.#random.pick([0, longCutMs]);
    const { weather } = network;
    const chosen = this.#random.below(4);
    const [salt, alone] = [this.#random.next(), this.#random.below(this.#world.members.length)];
    this.#world.remark(weatherText(chosen, { salt, alone, untilMs: this.#cutUntilMs }));
    const sideOf = (index: number): number => (salt >>> (index % 32)) & 1;
    if (chosen === 0) weather.cut = (from, to) => sideOf(from) !== sideOf(to);
    else if (chosen === 1) weather.cut = (from) => from === alone;
    else weather.cut = () => false;
    weather.lossRate = chosen === 3 ? 0 : this.#lossRate;
  }

  /** From now on nothing goes wrong any more. */
  heal(): void {
    const { weather } = this.#world.network;
    this.#world.remark("nothing is cut or lost from now on");
    weather.cut = calmWeather.cut;
    weather.lossRate = 0;
    this.#world.run(this.#world.nowMs + 20_000); // who is blocked runs again
    for (const member of this.#strangers) {
      member.deliver({ type: "join", context: 4, addresses: this.#everybody });
    }
  }

  /** For the calm that follows: a goodbye that is expected. */
  leaveCalmly(member: SimMember): void {
    this.#leave(member);
  }
}

/** What the choice of a cut comes to, for a trace. */
function weatherText(
  chosen: number,
  about: { readonly salt: number; readonly alone: number; readonly untilMs: number },
): string {
  const until = `until ${(about.untilMs / 1000).toFixed(3)} at least`;
  if (chosen === 0) return `cut in two, sides by the bits of ${about.salt}, ${until}`;
  if (chosen === 1) return `nothing gets out of n${about.alone}, ${until}`;
  return `nothing is cut${chosen === 3 ? " or lost" : ""}, ${until}`;
}
