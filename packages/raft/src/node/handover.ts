/** Waiting for a leader, and giving leadership up: first by handing it over, then anyhow. */
import { NotLeaderError } from "../errors.ts";
import type { NodeId } from "../types.ts";
import { nextLeader } from "./event-stream.ts";
import type { EventHub } from "./event-stream.ts";
import type { WaitOptions } from "./options.ts";
import type { Pump } from "./pump.ts";
import { limitOf } from "./waiting.ts";

/** How long to wait for somebody else to lead after stepping down without a successor. */
const stepDownPatienceMs = 1500;

/**
 * Resolves when another leader is known, or after a short time anyway.
 *
 * @param transferMs - how long the core tries to hand over before it gives up, in milliseconds
 */
export async function handOver<Result>(
  pump: Pump<Result>,
  events: EventHub,
  transferMs: number,
): Promise<void> {
  const { role, configuration } = pump.core.status();
  if (role !== "leader") return;
  if (configuration.voters.length > 1) {
    const successor = nextLeader(events.subscribe(limitOf({ timeoutMs: transferMs })));
    pump.step({ type: "transfer", to: null });
    if ((await successor) !== null) return;
  }
  const another = nextLeader(events.subscribe(limitOf({ timeoutMs: stepDownPatienceMs })));
  pump.step({ type: "stepDown" });
  await another;
}

/**
 * The leader that is known, or the next one.
 *
 * @throws {NotLeaderError} none was found in time; or the signal's reason
 */
export async function knownLeader<Result>(
  pump: Pump<Result>,
  events: EventHub,
  options: WaitOptions,
): Promise<NodeId> {
  const { leaderId } = pump.core.status();
  if (leaderId !== null) return leaderId;
  const found = await nextLeader(events.subscribe(limitOf(options)));
  options.signal?.throwIfAborted();
  if (found === null) throw new NotLeaderError(null);
  return found;
}
