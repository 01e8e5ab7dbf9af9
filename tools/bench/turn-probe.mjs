// Loaded before the service (`node --import`), to be asked over the channel of its parent how long the
// turns of its event loop were.
import { StallMeter } from "./stall-meter.mjs";

const meter = new StallMeter();

process.on("message", ({ order, number }) => {
  const result = order === "measure" ? (meter.reset(), null) : meter.read();
  process.send({ number, result });
});
process.channel.unref(); // the service ends when it has nothing more to do
