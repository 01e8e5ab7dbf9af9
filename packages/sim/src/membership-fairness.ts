/**
 * Who counts, and what may be broken. A run whose membership changes must stay one that can be
 * healed: whoever lost its disk for good must never be needed for a majority.
 */
import { decodeConfiguration, isVoter } from "@counter/raft";
import type { Configuration, NodeId } from "@counter/raft";
import type { SimServer } from "./server.ts";

/** The leader that its own configuration allows; of several the one of the newest term. */
export function leaderInForce(servers: readonly SimServer[]): SimServer | null {
  let newest: SimServer | null = null;
  for (const server of servers) {
    const { status } = server;
    if (status?.role !== "leader" || !isVoter(status.configuration, server.id)) continue;
    if (newest === null || status.term > newest.status!.term) newest = server;
  }
  return newest;
}

/** The members of the leader's configuration that have a disk; none while nobody leads. */
export function membersInForce(servers: readonly SimServer[]): readonly SimServer[] {
  const members = leaderInForce(servers)?.status?.configuration.members ?? [];
  return servers.filter(({ id, isOut }) => !isOut && members.some((m) => m.id === id));
}

/** Whether nothing is left to be done: not joint, and who can be promoted is. */
export function isAtRest(servers: readonly SimServer[]): boolean {
  const status = leaderInForce(servers)?.status ?? null;
  if (status === null || status.configurationIndex > status.commitIndex) return false;
  const { outgoing, joining } = status.configuration;
  return (
    outgoing.length === 0 &&
    joining.every((id) => servers.some((server) => server.id === id && server.isOut))
  );
}

/** Whether the run stays fair when this server loses its disk, too. */
export function isExpendable(servers: readonly SimServer[], victim: SimServer): boolean {
  if (victim.isOut) return false;
  const isLost = lostAmong(servers, victim.id);
  return configurationsOf(servers).every((configuration) => isViable(configuration, isLost));
}

/** Whether those that lost their disks leave a majority of this configuration. */
export function leavesMajority(servers: readonly SimServer[], next: Configuration): boolean {
  return isViable(next, lostAmong(servers, null));
}

/** Whether a majority of the next voters runs now. */
export function hasMajorityUp(servers: readonly SimServer[], next: Configuration): boolean {
  const isUp = (id: NodeId): boolean =>
    servers.some(({ id: other, process }) => other === id && process?.isPaused === false);
  return halvesOf(next).every((half) => half.filter(isUp).length * 2 > half.length);
}

function lostAmong(servers: readonly SimServer[], victim: NodeId | null): (id: NodeId) => boolean {
  const lost = servers.filter(({ id, isOut }) => isOut || id === victim);
  return (id) => lost.some((server) => server.id === id);
}

/** Every configuration that is in some memory or on some disk: any of them may be in force next. */
function configurationsOf(servers: readonly SimServer[]): readonly Configuration[] {
  const found: Configuration[] = [];
  for (const { status, image } of servers) {
    if (status !== null) found.push(status.configuration);
    if (image.snapshot !== null) found.push(image.snapshot.meta.configuration);
    for (const entry of image.log.entries) {
      if (entry.kind === "configuration") found.push(decodeConfiguration(entry.data));
    }
  }
  return found;
}

/** Whoever is going to be promoted counts as if he were: without a disk he would be in the way. */
function isViable(c: Configuration, isLost: (id: NodeId) => boolean): boolean {
  return halvesOf(c).every((half) => {
    const lost = new Set([...half, ...c.joining].filter(isLost));
    return half.filter((id) => !isLost(id)).length > lost.size || half.length === 0;
  });
}

function halvesOf({ voters, outgoing }: Configuration): readonly (readonly NodeId[])[] {
  return outgoing.length === 0 ? [voters] : [voters, outgoing];
}
