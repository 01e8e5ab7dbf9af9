/** Giving leadership up on purpose: first by handing it over, then, if nobody takes it, anyhow. */
import { nextLeader } from "./event-stream.ts";
import type { EventHub } from "./event-stream.ts";
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
