/**
 * Asks leaders for changes of the membership, at good moments and at bad ones, and in the end looks
 * after what only an operator can do: to leave a joint configuration that does not leave by itself.
 */
import { enterJoint, leaveJoint, simpleChange } from "@counter/raft";
import type {
  Configuration,
  Input,
  LogIndex,
  Member,
  MembershipChange,
  NodeId,
} from "@counter/raft";
import { unitsPerTick } from "./event-heap.ts";
import { hasMajorityUp, leaderInForce, leavesMajority } from "./membership-fairness.ts";
import type { MembershipKind } from "./membership-knobs.ts";
import type { Random } from "./random.ts";
import type { SimServer } from "./server.ts";
import type { World } from "./world.ts";

type ChangeInput = Extract<Input, { type: "changeMembership" }>;
type Transition = ChangeInput["transition"];

export interface MembershipFaultsOptions {
  readonly world: World;
  readonly servers: readonly SimServer[];
  readonly random: Random;
}

/** Ticks between two looks at whether a joint configuration has to be left. */
const careTicks = 5;

export class MembershipFaults {
  readonly #options: MembershipFaultsOptions;
  readonly #kinds: readonly MembershipKind[];
  #addresses = 1;
  #stopped = false;

  constructor(options: MembershipFaultsOptions) {
    this.#options = options;
    this.#kinds = options.world.knobs.membership.kinds;
  }

  start(): void {
    if (this.#kinds.length > 0) this.#plan();
  }

  /** From now on nothing is asked but what the cluster needs to come to rest. */
  stop(): void {
    this.#stopped = true;
    if (this.#kinds.length > 0) this.#takeCare();
  }

  #plan(): void {
    const { world, random } = this.#options;
    const delay = random.below(2 * world.knobs.membership.everyTicks * unitsPerTick + 1);
    world.heap.after(delay, () => {
      if (this.#stopped) return;
      this.#strike(random.pick(this.#kinds), this.#asked());
      this.#plan();
    });
  }

  /** Mostly a leader, though perhaps one that is deposed and does not know it. */
  #asked(): SimServer {
    const { servers, random } = this.#options;
    const leaders = servers.filter(({ status }) => status?.role === "leader");
    return leaders.length === 0 || random.chance(0.05)
      ? random.pick(servers)
      : random.pick(leaders);
  }

  #strike(kind: MembershipKind, leader: SimServer): void {
    const { random } = this.#options;
    const c = leader.status?.configuration;
    if (c === undefined || c.members.length === 0) return;
    if (c.outgoing.length > 0 && !c.autoLeave && random.chance(0.5)) {
      return this.#ask(leader, [], { transition: "leave" });
    }
    switch (kind) {
      case "addServer":
        return this.#ask(leader, this.#add(c));
      case "removeServer":
        return this.#ask(leader, this.#remove(c, leader.id));
      case "replace":
        return this.#ask(leader, [...this.#remove(c, leader.id), ...this.#add(c)]);
      case "jointChange":
        return this.#ask(leader, this.#several(c, leader.id), { transition: this.#transition() });
      case "demote":
        return this.#ask(leader, this.#demote(c));
      case "setAddress":
        return this.#ask(leader, this.#move(c));
      case "changeOnFall":
        this.#ask(leader, this.#any(c, leader.id));
        return this.#fellSoon(leader);
      case "changeBurst":
        for (let i = random.between(2, 4); i > 0; i -= 1) {
          this.#ask(leader, this.#any(c, leader.id), { transition: this.#transition() });
        }
        return;
      case "staleChange": {
        const index = leader.status!.configurationIndex;
        const expectedIndex = random.chance(0.5)
          ? index
          : Math.max(0, index - random.between(1, 4));
        return this.#ask(leader, this.#any(c, leader.id), { expectedIndex });
      }
    }
  }

  #any(c: Configuration, leader: NodeId): readonly MembershipChange[] {
    const { random } = this.#options;
    const draw = random.below(4);
    if (draw === 0) return this.#add(c);
    if (draw === 1) return this.#remove(c, leader);
    return draw === 2 ? this.#demote(c) : this.#several(c, leader);
  }

  #several(c: Configuration, leader: NodeId): readonly MembershipChange[] {
    const { random } = this.#options;
    const changes: MembershipChange[] = [];
    for (let i = random.between(1, 3); i > 0; i -= 1) {
      const draw = random.below(3);
      const one =
        draw === 0 ? this.#remove(c, leader) : draw === 1 ? this.#demote(c) : this.#add(c);
      changes.push(...one);
    }
    return changes;
  }

  #transition(): Transition {
    return this.#options.random.pick(["auto", "auto", "joint", "explicit"] as const);
  }

  /** Somebody from outside, or a learner who is promoted. */
  #add({ members, voters, outgoing }: Configuration): readonly MembershipChange[] {
    const { servers, random } = this.#options;
    const votes = [...voters, ...outgoing];
    const candidates = servers.filter((server) => !server.isOut && !votes.includes(server.id));
    if (candidates.length === 0) return [];
    const { id } = random.pick(candidates);
    const address = members.find((member) => member.id === id)?.address ?? this.#address(id);
    const member: Member = { id, address };
    if (random.chance(0.4)) return [{ type: "addVoter", member }];
    return [{ type: "addLearner", member, promote: random.chance(0.7) }];
  }

  #remove({ members }: Configuration, leader: NodeId): readonly MembershipChange[] {
    const { random } = this.#options;
    const id = random.chance(0.3) ? leader : random.pick(members).id;
    return [{ type: "remove", id }];
  }

  #demote({ members, voters }: Configuration): readonly MembershipChange[] {
    const { random } = this.#options;
    const id = random.pick(voters);
    const member = members.find((known) => known.id === id)!;
    return [{ type: "addLearner", member, promote: random.chance(0.5) }];
  }

  #move({ members }: Configuration): readonly MembershipChange[] {
    const { id } = this.#options.random.pick(members);
    return [{ type: "setAddress", member: { id, address: this.#address(id) } }];
  }

  /** A server answers at all addresses that it ever had. */
  #address(id: NodeId): string {
    this.#addresses += 1;
    return `${id}:${this.#addresses}`;
  }

  #ask(
    leader: SimServer,
    changes: readonly MembershipChange[],
    how: { readonly transition?: Transition; readonly expectedIndex?: LogIndex } = {},
  ): void {
    const { servers, random, world } = this.#options;
    const { transition = "auto" } = how;
    const { status } = leader;
    // A paused leader would decide later, about servers that may have been lost meanwhile.
    if (status === null || leader.process?.isPaused !== false) return;
    const wantsForce = random.chance(world.knobs.membership.force);
    const knows = random.chance(0.3);
    const next = behind(status.configuration, changes, transition);
    if (next !== null && !leavesMajority(servers, next)) return;
    const force = wantsForce && (next === null || hasMajorityUp(servers, next));
    const expectedIndex = how.expectedIndex ?? (knows ? status.configurationIndex : null);
    leader.changeMembership({ changes, transition, expectedIndex, force });
  }

  /** A change is appended, and perhaps replicated in part, when its leader falls. */
  #fellSoon(leader: SimServer): void {
    const { world, random } = this.#options;
    const { weather, disk, faults } = world.knobs;
    world.heap.after(random.below(2 * (weather.delayMax + disk.max)), () => {
      if (this.#stopped || leader.status?.role !== "leader") return;
      leader.crash("it has begun a change");
      world.heap.after(random.between(1, faults.lastsMaxTicks * unitsPerTick), () =>
        leader.start(),
      );
    });
  }

  /** An operator who comes by now and then. */
  #takeCare(): void {
    const { world, servers } = this.#options;
    const leader = leaderInForce(servers);
    const c = leader?.status?.configuration;
    if (c !== undefined && c.outgoing.length > 0 && !c.autoLeave) {
      this.#ask(leader!, [], { transition: "leave" });
    }
    world.heap.after(careTicks * unitsPerTick, () => this.#takeCare());
  }
}

/** What the leader would append; `null` if the change is refused anyway. */
function behind(
  c: Configuration,
  changes: readonly MembershipChange[],
  transition: Transition,
): Configuration | null {
  if (transition === "leave") return leaveJoint(c).configuration;
  const joint = enterJoint(c, changes, true).configuration;
  if (transition !== "auto") return joint;
  return simpleChange(c, changes).configuration ?? joint;
}
