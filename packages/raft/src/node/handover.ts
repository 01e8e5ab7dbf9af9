/**
 * Leadership that changes hands on purpose: handed to another voter, or, for whoever wants to leave,
 * given up if nobody takes it.
 */
import { NotLeaderError, TransferFailedError } from "../errors.ts";
import type { NodeId } from "../types.ts";
import { nextLeader } from "./event-stream.ts";
import type { EventHub } from "./event-stream.ts";
import type { WaitOptions } from "./options.ts";
import type { Pump } from "./pump.ts";
import { limitOf } from "./waiting.ts";

/** How long to wait for somebody else to lead after stepping down without a successor. */
const stepDownPatienceMs = 1500;

/**
 * Resolves with the new leader. The core gives a transfer up after one election timeout, so waiting
 * for two leaves time for the election that it may have begun.
 *
 * @param to - a voter; `null`: the one whose log is furthest. Ourselves is what we are already
 * @throws {NotLeaderError | RangeError | TransferFailedError} or the signal's reason
 */
export async function transfer<Result>(
  pump: Pump<Result>,
  events: EventHub,
  to: NodeId | null,
  options: WaitOptions,
): Promise<NodeId> {
  const { id, role, leaderId, configuration } = pump.core.status();
  if (role !== "leader") throw new NotLeaderError(leaderId);
  if (to === id) return id;
  const { voters } = configuration;
  if (to !== null && !voters.includes(to)) throw new RangeError(`${to} is not a voter`);
  if (!voters.some((voter) => voter !== id)) {
    throw new TransferFailedError("there is no other voter", id);
  }
  const successor = nextLeader(events.subscribe(limitOf(options)));
  pump.step({ type: "transfer", to });
  const found = await successor;
  options.signal?.throwIfAborted();
  if (found !== null && found === (to ?? found) && found !== id) return found;
  const why = found === null ? "nobody took it over in time" : `${found} leads instead`;
  throw new TransferFailedError(why, pump.core.status().leaderId);
}

/**
 * Hands over if it can; resolves when another leader is known, or after a short time anyway.
 *
 * @param transferMs - how long the core tries before it gives up, in milliseconds
 */
export async function handOver<Result>(
  pump: Pump<Result>,
  events: EventHub,
  transferMs: number,
): Promise<void> {
  if (pump.core.status().role !== "leader") return;
  try {
    await transfer(pump, events, null, { timeoutMs: transferMs });
    return;
  } catch (error) {
    if (!(error instanceof TransferFailedError)) throw error;
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
