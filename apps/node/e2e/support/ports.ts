/**
 * Ports that are free now, together with the port of gossip that belongs to each, and that the system
 * does not hand out by itself to somebody else.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** A node gossips so far above the port for its clients, unless it is told another one. */
const gossipAbove = 10_000;
/** With those of gossip below the range from which systems take ports of outgoing connections. */
const lowest = 10_200;
const highest = 17_900;

const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      probe.close(() => resolve(true));
    });
  });
}

function isFreeForDatagrams(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createSocket("udp4");
    probe.once("error", () => {
      probe.close();
      resolve(false);
    });
    probe.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      probe.close(() => resolve(true));
    });
  });
}

async function isFreeForNode(port: number): Promise<boolean> {
  const gossip = port + gossipAbove;
  return (await isFree(port)) && (await isFree(gossip)) && (await isFreeForDatagrams(gossip));
}

/** The port at which the node with this port gossips. */
export function gossipPortOf(port: number): number {
  return port + gossipAbove;
}

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port) || !(await isFreeForNode(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}
