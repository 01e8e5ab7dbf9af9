// Takes in the table of a large cluster in a process of its own, and tells what that cost it.
import { readFileSync } from "node:fs";
import { SerfNode } from "@counter/gossip";
import { StreamDecoder } from "../../dist/wire/stream-decoder.js";

const [file, rows] = process.argv.slice(2);
const repeats = 8;

/** CPU of the whole process in milliseconds, its collector and compilers included. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Decodes the table, chunk by chunk as a socket gives it. @returns what it took */
function decode(bytes) {
  const plain = { label: new Uint8Array(0), cipher: null, verifyIncoming: true };
  const decoder = new StreamDecoder({ ...plain, verifyOutgoing: true, encryptionVersion: 1 });
  const began = cpuMs();
  let step;
  for (let start = 0; start < bytes.length; start += 65_536) {
    decoder.push(bytes.subarray(start, start + 65_536));
    do step = decoder.step();
    while (step.kind === "more");
  }
  if (step.message?.states.length !== Number(rows)) throw new Error(`decoded ${step.kind}`);
  return cpuMs() - began;
}

/**
 * Turns of the event loop while a node takes the table in, and answers with its own. What one took is the
 * smaller of CPU and time: the first counts helping threads too, the second whatever else runs on
 * the machine.
 */
async function takeIn() {
  const node = await SerfNode.start({
    name: "self",
    bindHost: "127.0.0.1",
    bindPort: 0,
    seeds: [],
  });
  let last = { at: performance.now(), cpu: cpuMs() };
  let longestMs = 0;
  process.send({ type: "listening", port: node.gossip.address.port });
  let isAnswered = false;
  process.once("message", () => (isAnswered = true));
  while (!isAnswered) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = { at: performance.now(), cpu: cpuMs() };
    longestMs = Math.max(longestMs, Math.min(now.at - last.at, now.cpu - last.cpu));
    last = now;
  }
  if (node.gossip.status().live <= Number(rows)) throw new Error("some of the rows are missing");
  await node.close();
  return longestMs;
}

const bytes = new Uint8Array(readFileSync(file));
const decodedMs = Array.from({ length: repeats }, () => decode(bytes));
const turnsMs = [];
for (let i = 0; i < repeats; i += 1) turnsMs.push(await takeIn());
process.send({ type: "done", decodedMs, turnsMs });
process.disconnect();
