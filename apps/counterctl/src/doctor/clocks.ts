/**
 * How far the clocks of nodes are apart. A node says what time it is, and that was at some moment
 * between question and answer: so far nobody can know, and that much is given away.
 */
import type { ClockReading } from "../clock-reading.ts";
import type { NodeView } from "../commands/nodes.ts";
import { failed, ok, warning, type Finding } from "./findings.ts";

/** Lines of logs are in another order than what they tell of; in milliseconds. */
export const skewWarnMs: number = 1000;
/** Certificates and keys are held for too old or too new; in milliseconds. */
export const skewMaxMs: number = 300_000;

const harm =
  "no number depends on clocks, but logs do not line up, and new certificates and, in eventual mode, " +
  "keys that say when they were made may be refused: have the machines keep time (NTP)";

/** The clocks of all nodes that tell, and of this machine, where keys are made. */
export function clockFindings(nodes: readonly NodeView[]): readonly Finding[] {
  const told = nodes.flatMap(({ endpoint, clock }) =>
    clock === null ? [] : [{ endpoint, clock }],
  );
  if (told.length === 0) return [];
  const all = [...told, { endpoint: "this machine", clock: { aheadMs: 0, offMs: 0 } }];
  const [first] = all
    .flatMap((a) => all.map((b) => ({ a, b, apartMs: surelyApartMs(a.clock, b.clock) })))
    .sort((x, y) => y.apartMs - x.apartMs);
  const { a, b, apartMs } = first!;
  if (apartMs <= skewWarnMs) return [ok("clocks", `${all.length} within ${skewWarnMs} ms`)];
  const seconds = (apartMs / 1000).toFixed(1);
  const detail = `${a.endpoint} is at least ${seconds} s ahead of ${b.endpoint}`;
  return [apartMs > skewMaxMs ? failed("clocks", detail, harm) : warning("clocks", detail, harm)];
}

/** How far the first one is ahead at least, in milliseconds. */
function surelyApartMs(a: ClockReading, b: ClockReading): number {
  return a.aheadMs - b.aheadMs - a.offMs - b.offMs;
}
