// Loaded before the service (`node --import`), to be asked over the channel of its parent how long the
// turns of its event loop were.
import { constants, PerformanceObserver } from "node:perf_hooks";
import { StallMeter } from "./stall-meter.mjs";

const meter = new StallMeter();
let collectionMs = 0;
new PerformanceObserver((list) => {
  for (const { duration, detail } of list.getEntries()) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) continue;
    collectionMs = Math.max(collectionMs, duration);
  }
}).observe({ entryTypes: ["gc"] });

function reset() {
  meter.reset();
  collectionMs = 0;
  return null;
}

process.on("message", ({ order, number }) => {
  const result = order === "measure" ? reset() : { ...meter.read(), collectionMs };
  process.send({ number, result });
});
process.channel.unref(); // the service ends when it has nothing more to do
