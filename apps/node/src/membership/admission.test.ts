/** When a node believes that it was removed: its former peers are real servers that say so or not. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";

import { configurationOf, type RaftEvent, type RaftNodeStatus } from "@counter/raft";
import winston from "winston";

import { Admission, type Admitted } from "./admission.ts";
import type { Identity } from "../data-dir/identity.ts";
import type { StartError } from "../process/exit-codes.ts";
import { identityOf } from "../test-support/stored-node.ts";

const own = "127.0.0.1:1";
const silentLog = winston.createLogger({ silent: true });

const servers: Server[] = [];
const admissions: Admission[] = [];

afterEach(() => {
  for (const admission of admissions.splice(0)) admission.end();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A former peer that answers with whatever was put last, and counts how often. */
class Peer {
  address = "";
  asked = 0;
  #says: unknown = null;
  #onAsked: () => void = () => undefined;

  async listen(): Promise<this> {
    const server = createServer((_, reply) => {
      this.asked += 1;
      reply.end(JSON.stringify(this.#says));
      this.#onAsked();
    }).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    this.address = `127.0.0.1:${address.port}`;
    return this;
  }

  says(answer: unknown): void {
    this.#says = answer;
  }

  /** Resolves when it has been asked so many times more, and the answers have been read. */
  async answers(times: number): Promise<void> {
    const enough = this.asked + times + 1; // one question ends before the next begins
    await new Promise<void>((resolve) => {
      this.#onAsked = () => {
        if (this.asked >= enough) resolve();
      };
    });
  }
}

/** What this node remembers: itself and that peer, in a configuration at index 5. */
function remembering(peer: Peer, more: Partial<RaftNodeStatus> = {}): Admitted {
  const members = [own, peer.address].map((address) => ({ id: address, address }));
  const status: ReturnType<Admitted["status"]> = {
    leaderId: null,
    configuration: configurationOf(members),
    configurationIndex: 5,
    removed: false,
    ...more,
  };
  return { status: () => status, events: noEvents };
}

async function* noEvents({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<RaftEvent> {
  await once(signal, "abort");
  yield* [];
}

interface Watched {
  readonly removed: Promise<StartError>;
  readonly told: () => boolean;
  readonly marked: () => number;
}

function watched(node: Admitted, seeds: readonly string[] = []): Watched {
  let marked = 0;
  let told = false;
  const removed = new Promise<StartError>((resolve) => {
    const onRemoved = (error: StartError): void => {
      told = true;
      resolve(error);
    };
    const parts = {
      seeds: () => seeds,
      clusterName: null,
      log: silentLog,
      lonelyMs: 5,
      onRemoved,
      onTwin: onRemoved,
    };
    const admission = new Admission(parts);
    admissions.push(admission);
    const identity: Identity = identityOf(own, "c1");
    const markRemoved = (): Promise<void> => Promise.resolve(void (marked += 1));
    admission.begin(node, { identity, markRemoved });
  });
  return { removed, told: () => told, marked: () => marked };
}

const goneOn = {
  clusterId: "c1",
  configurationIndex: 6,
  committed: true,
  leader: "n2",
  members: [{ id: "n2", address: "127.0.0.1:2" }],
};

describe("a node that finds no leader asks the others", () => {
  it.each([
    { because: "it was not decided", answer: { ...goneOn, committed: false } },
    { because: "they have no leader either", answer: { ...goneOn, leader: null } },
    { because: "they know no more than it does", answer: { ...goneOn, configurationIndex: 5 } },
    { because: "they are another cluster", answer: { ...goneOn, clusterId: "c2" } },
    {
      because: "it is still one of them",
      answer: { ...goneOn, members: [{ id: own, address: own }] },
    },
    { because: "they talk about something else", answer: { hello: "world" } },
  ])("and goes on: $because", async ({ answer }) => {
    const peer = await new Peer().listen();
    peer.says(answer);
    const { told, marked, removed } = watched(remembering(peer));
    await peer.answers(3);
    expect([told(), marked()]).toEqual([false, 0]);
    peer.says(goneOn);
    expect(await removed).toMatchObject({ exitCode: 4 });
    expect(marked()).toBe(1);
  });

  test("also the nodes that it was told to join: all others may be gone", async () => {
    const former = await new Peer().listen();
    servers.pop()!.close();
    const seed = await new Peer().listen();
    seed.says(goneOn);
    const { removed } = watched(remembering(former), [own, seed.address]);
    expect(await removed).toMatchObject({ exitCode: 4 });
  });

  test("where the cluster looks for it, and ends if that is itself, in another process", async () => {
    const peer = await new Peer().listen();
    const members = [{ id: own, address: peer.address }];
    const moved = { configuration: configurationOf(members), leaderId: own };
    peer.says({ directoryId: "1".repeat(32) }); // whoever that is
    const { removed, told, marked } = watched(remembering(peer, moved));
    await peer.answers(3);
    expect(told()).toBe(false);
    peer.says({ directoryId: "0".repeat(32) });
    const error = await removed;
    expect([error.exitCode, marked()]).toEqual([4, 0]);
    expect(error.message).toContain(`runs at ${peer.address}, where the cluster looks for it`);
  });

  test("and hears of its other process from them", async () => {
    const peer = await new Peer().listen();
    const members = [{ id: own, address: peer.address }];
    peer.says({ ...goneOn, members, directoryId: "0".repeat(32) });
    const { removed } = watched(remembering(peer));
    expect((await removed).message).toContain("this one stops");
  });

  test("and nobody while it has a leader", async () => {
    const peer = await new Peer().listen();
    peer.says(goneOn);
    const other = await new Peer().listen();
    watched(remembering(peer, { leaderId: peer.address }));
    watched(remembering(other)); // so much time has gone by
    await other.answers(3);
    expect(peer.asked).toBe(0);
  });
});
