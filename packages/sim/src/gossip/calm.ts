/** What must be so after the faults: that members know each other, and what they find out then. */
import type { MemberEvent } from "@counter/gossip";
import type { Random } from "../random.ts";
import type { GossipFaults } from "./faults.ts";
import { runFor } from "./measuring.ts";
import type { SimMember } from "./member.ts";
import { GossipViolation } from "./watching.ts";
import { addressOf, nameOf } from "./world.ts";
import type { GossipWorld } from "./world.ts";

/** Members that lost each other find each other in a few attempts to reconnect. */
const convergeMs = 200_000;
const settleMs = 60_000;
/** With packets that take no longer than this, a nack is always in time. */
const nackLatencyMs = 20;
/**
 * Where fewer than half crash at once. Where more do, those who are left cannot know that it is not
 * they who are cut off, and give each of the others eight times as long (P4).
 */
const crashesMs = 60_000;
/** Of another network, which meets this one in so many milliseconds. */
const strangers = 12;
const meetMs = 10_000;
/** A goodbye is a rumour. */
const leaveMs = 5000;

export function checkCalm(world: GossipWorld, faults: GossipFaults, random: Random): void {
  waitUntilKnown(world, faults);
  runFor(world, settleMs); // suspicions of before are over, and health is good again
  waitUntilKnown(world, faults);
  checkNeeds(world);
  checkHealth(world, faults);
  checkCutLink(world, faults, random);
  checkLeave(world, faults, random);
  checkCrash(world, faults, random);
  checkDrained(world, faults);
  checkCrashes(world, faults, random);
  checkBridge(world, faults, random);
}

/** At one moment or another: a regular exchange may be under way at any of them. */
function checkDrained(world: GossipWorld, faults: GossipFaults): void {
  let open: SimMember | undefined;
  for (let looks = 0; looks < 10; looks += 1) {
    runFor(world, settleMs / 10);
    open = faults.running.find(({ core }) => {
      const { relays, exchanges } = core.status();
      return relays + exchanges > 0;
    });
    if (open === undefined) return;
  }
  throw new GossipViolation("drained", `${nameOf(open!.index)} always has something open`);
}

function waitUntilKnown(world: GossipWorld, faults: GossipFaults): void {
  const wrong = waitFor(world, convergeMs, () => faults.running);
  if (wrong !== null) throw new GossipViolation("converge", wrong);
}

/** @returns what is not known in the end; `null`: all is */
function waitFor(
  world: GossipWorld,
  maxMs: number,
  members: () => readonly SimMember[],
): string | null {
  const end = world.nowMs + maxMs;
  let wrong = unknownOf(members());
  while (wrong !== null && world.nowMs < end) {
    runFor(world, 1000);
    wrong = unknownOf(members());
  }
  return wrong;
}

/** Somebody who is not known as it is, or is known though it does not run; `null`: nobody. */
function unknownOf(running: readonly SimMember[]): string | null {
  const truth = new Map(
    running.map((member) => {
      const self = member.core.members().find(({ name }) => name === nameOf(member.index))!;
      return [self.name, self] as const;
    }),
  );
  for (const at of running) {
    const live = at.core
      .members()
      .filter(({ standing }) => standing === "alive" || standing === "suspect");
    for (const { name, standing, incarnation, meta } of live) {
      const self = truth.get(name);
      if (self === undefined) return `${nameOf(at.index)} holds ${name} for ${standing}`;
      const same = incarnation === self.incarnation && sameBytes(meta, self.meta);
      if (standing !== "alive" || !same)
        return `${nameOf(at.index)} does not know ${name} as it is`;
    }
    if (live.length < truth.size) {
      return `${nameOf(at.index)} knows ${live.length} of ${truth.size} members`;
    }
  }
  return null;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Answers come in time, and are waited for. */
function checkNeeds(world: GossipWorld): void {
  if (world.network.weather.latencyMaxMs > nackLatencyMs) return;
  const { watcher } = world;
  world.watcher = {
    ...watcher,
    onEffect: (effect, at, nowMs) => {
      watcher.onEffect?.(effect, at, nowMs);
      if (effect.type !== "packet") return;
      if (effect.messages.every(({ type }) => type !== "indirectPing")) return;
      throw new GossipViolation("needless", `${nameOf(at.index)} asks others`);
    },
  };
  runFor(world, settleMs / 2);
  world.watcher = watcher;
}

function checkHealth(world: GossipWorld, faults: GossipFaults): void {
  const sick = faults.running.find((member) => member.core.status().health > 0);
  if (sick === undefined) return;
  throw new GossipViolation(
    "calm-health",
    `${nameOf(sick.index)} is not well at ${world.nowMs} ms`,
  );
}

/** Runs for a while, and shows what was told meanwhile by those who run. */
function observe(world: GossipWorld, forMs: number, act: () => void): [MemberEvent, SimMember][] {
  const told: [MemberEvent, SimMember][] = [];
  const { watcher } = world;
  world.watcher = {
    ...watcher,
    onEvent: (event, at, nowMs) => {
      watcher.onEvent?.(event, at, nowMs);
      if (!at.crashed) told.push([event, at]);
    },
  };
  act();
  runFor(world, forMs);
  world.watcher = watcher;
  return told;
}

/** That somebody who does not run failed or left may be heard late; that it was there, of ghosts. */
function isOld({ type, member }: MemberEvent, faults: GossipFaults): boolean {
  if (faults.running.some(({ index }) => nameOf(index) === member.name)) return false;
  return faults.hasGhosts || type === "failed" || type === "leave";
}

function checkCutLink(world: GossipWorld, faults: GossipFaults, random: Random): void {
  const { weather } = world.network;
  const [a, b] = random.shuffled(faults.running).map(({ index }) => index);
  const told = observe(world, 30_000, () => {
    world.remark(`n${a} and n${b} are cut from each other`);
    weather.cut = (from, to) => (from === a && to === b) || (from === b && to === a);
  });
  weather.cut = () => false;
  world.remark("nothing is cut any more");
  runFor(world, 2000); // a ping that was lost may still be out, and its helper is not to crash
  const wrong = told.find(
    ([event]) => (event.type === "suspect" || event.type === "failed") && !isOld(event, faults),
  );
  if (wrong === undefined) return checkHealth(world, faults);
  const [{ type, member }, at] = wrong;
  throw new GossipViolation("cut-link", `${nameOf(at.index)} tells ${type} of ${member.name}`);
}

function checkLeave(world: GossipWorld, faults: GossipFaults, random: Random): void {
  if (faults.running.length <= 3) return;
  const leaver = random.pick(faults.running);
  const name = nameOf(leaver.index);
  const told = observe(world, leaveMs, () => faults.leaveCalmly(leaver));
  for (const member of faults.running) {
    const heard = told.filter(([event, at]) => at === member && event.member.name === name);
    if (heard.length === 1 && heard[0]![0].type === "leave") continue;
    const types = heard.map(([{ type }]) => type).join(", ");
    throw new GossipViolation("leave", `${nameOf(member.index)} tells of ${name}: ${types}`);
  }
}

/** Everybody probes everybody in a round; three who do bring a suspicion to its shortest time. */
function checkCrash(world: GossipWorld, faults: GossipFaults, random: Random): void {
  const victim = random.pick(faults.running);
  const members = faults.running.length;
  const shortestMs = members < 4 ? 4000 : 4000 * Math.max(1, Math.log10(members));
  const { watcher, network } = world;
  world.watcher = {
    ...watcher,
    onEffect: (effect, at, nowMs) => {
      watcher.onEffect?.(effect, at, nowMs);
      if (effect.type !== "note" || effect.note.type !== "health" || effect.note.score === 0)
        return;
      if (network.weather.latencyMaxMs > nackLatencyMs) return;
      throw new GossipViolation("calm-health", `${nameOf(at.index)}: ${effect.note.why}`);
    },
  };
  const told = observe(world, (2 * members + 2) * 1000 + shortestMs, () => {
    victim.crash();
  });
  world.watcher = watcher;
  const name = nameOf(victim.index);
  const other = told.find(([event]) => event.member.name !== name && !isOld(event, faults));
  if (other !== undefined) {
    const [{ type, member }] = other;
    throw new GossipViolation("detection", `${type} of ${member.name} when ${name} crashed`);
  }
  for (const member of faults.running) {
    const heard = told.some(
      ([event, at]) => at === member && event.type === "failed" && event.member.name === name,
    );
    if (heard) continue;
    throw new GossipViolation("detection", `${nameOf(member.index)} holds on to ${name}`);
  }
  checkHealth(world, faults);
}

/** Several at once: helpers are missing then, and so are those who would confirm. */
function checkCrashes(world: GossipWorld, faults: GossipFaults, random: Random): void {
  const { running } = faults;
  const victims = random.shuffled(running).slice(0, (running.length - 1) >> 1);
  const names = new Set(victims.map(({ index }) => nameOf(index)));
  const told = observe(world, crashesMs, () => {
    for (const victim of victims) victim.crash();
  });
  const runs = new Set(faults.running.map(({ index }) => nameOf(index)));
  const wrong = told.find(([{ type, member }]) => type === "failed" && runs.has(member.name));
  if (wrong !== undefined) {
    const [{ member }, at] = wrong;
    throw new GossipViolation("detection", `${nameOf(at.index)} gives up ${member.name}, who runs`);
  }
  for (const at of faults.running) {
    const held = at.core.members().find(({ name, standing }) => {
      return names.has(name) && standing !== "dead";
    });
    if (held === undefined) continue;
    throw new GossipViolation("detection", `${nameOf(at.index)} holds on to ${held.name}`);
  }
}

/** Who is left meets another network, through a newcomer that joins both at once (X5, X6). */
function checkBridge(world: GossipWorld, faults: GossipFaults, random: Random): void {
  const here = random.pick(faults.running);
  const first = world.members.length;
  const join = (...indices: number[]): SimMember => {
    const member = world.start(world.members.length);
    member.deliver({ type: "join", context: 1, addresses: indices.map(addressOf) });
    return member;
  };
  const others = Array.from({ length: strangers }, () => join(first));
  const apart = waitFor(world, convergeMs, () => others);
  if (apart !== null) throw new GossipViolation("converge", apart);
  runFor(world, settleMs / 2);
  world.remark(`a newcomer joins n${here.index} and n${first}`);
  join(here.index, first);
  const wrong = waitFor(world, meetMs, () => faults.running);
  if (wrong !== null) throw new GossipViolation("bridge", wrong);
}
