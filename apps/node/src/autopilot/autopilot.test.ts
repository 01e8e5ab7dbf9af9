import { configurationOf, type NodeId } from "@counter/raft";

import type { ChangeRequest } from "../engine/members.ts";
import type { GossipMember } from "../gossip/gossip-member.ts";
import { logTo } from "../test-support/log-lines.ts";
import { Autopilot, lookEveryMs, type RaftLook } from "./autopilot.ts";
import type { Standing } from "./decide.ts";

const tickMs = 25;
const limits = { deadAfterMs: 100_000, replacedAfterMs: 10_000, votersMin: 3 };

/** A leader `a`, what it sees, and what the autopilot asks it to do. */
class Seat {
  readonly lines: string[] = [];
  readonly asked: { readonly id: NodeId; readonly expectedIndex: number | null }[] = [];
  standing: Record<NodeId, Standing> = {};
  silentTicks: Record<NodeId, number | null> = {};
  status: RaftLook = {
    id: "a",
    role: "leader",
    term: 2,
    commitIndex: 9,
    configurationIndex: 5,
    configuration: configurationOf([{ id: "a", address: "a:1" }]),
    peers: {},
  };
  now = 0;
  onConfirm: () => void = () => undefined;
  readonly autopilot: Autopilot;

  constructor(voters: string) {
    this.voters(voters);
    this.autopilot = new Autopilot({
      status: () => ({ ...this.status, peers: this.#peers() }),
      confirm: async () => this.onConfirm(),
      members: {
        remove: async (id: NodeId, { expectedIndex }: ChangeRequest) => {
          this.asked.push({ id, expectedIndex });
          const { configuration } = this.status;
          this.voters(configuration.voters.filter((other) => other !== id).join(""));
          return { configurationIndex: 6, committed: true, leader: "a", members: [] };
        },
      },
      gossip: () => Object.entries(this.standing).map(([id, held]) => inGossip(id, held)),
      connected: (id) => (this.silentTicks[id] ?? Infinity) < 100,
      clusterId: "c1",
      limits,
      tickMs,
      log: logTo(this.lines),
      now: () => this.now,
    });
  }

  voters(text: string): void {
    const members = Array.from(text).map((id) => ({ id, address: `${id}:1` }));
    for (const { id } of members) {
      this.standing[id] ??= "alive";
      if (this.silentTicks[id] === undefined) this.silentTicks[id] = 0;
    }
    this.status = { ...this.status, configuration: configurationOf(members) };
  }

  /** Dead for so long, as both witnesses say. */
  dies(id: NodeId, silentMs: number): void {
    this.standing[id] = "failed";
    this.silentTicks[id] = silentMs / tickMs;
  }

  async looks(times: number = 1): Promise<void> {
    for (let look = 0; look < times; look += 1) {
      this.now += lookEveryMs;
      await this.autopilot.look();
    }
  }

  #peers(): RaftLook["peers"] {
    const ids = this.status.configuration.members.map(({ id }) => id);
    return Object.fromEntries(
      ids
        .filter((id) => id !== "a")
        .map((id) => [id, { silentTicks: this.silentTicks[id] ?? null }]),
    );
  }
}

function inGossip(id: NodeId, standing: Standing): GossipMember {
  const tags = { mode: "raft", http: `${id}:1`, id, cluster: "c1", name: null } as const;
  const node = { ...tags, expect: null, dir: "0".repeat(32), state: "voter" } as const;
  return { name: id, address: `${id}:2`, standing, node };
}

test("a voter that is dead for its full time is removed from the configuration that was looked at", async () => {
  const seat = new Seat("abcd");
  await seat.looks();
  seat.dies("d", limits.deadAfterMs - tickMs);
  await seat.looks();
  expect(seat.asked).toEqual([]);
  seat.dies("d", limits.deadAfterMs);
  await seat.looks(3);
  expect(seat.asked).toEqual([{ id: "d", expectedIndex: 5 }]);
  expect(seat.lines).toEqual([
    "warn: d has failed, and has not been heard of for 100 s: it is removed from the cluster",
  ]);
});

test("a voter in whose place another one has come is removed soon, and only that one", async () => {
  const seat = new Seat("abcd");
  await seat.looks();
  seat.dies("d", 0);
  await seat.looks();
  seat.voters("abcde");
  await seat.looks(2);
  seat.dies("c", limits.replacedAfterMs);
  seat.dies("d", limits.replacedAfterMs);
  await seat.looks(3);
  expect(seat.asked).toEqual([{ id: "d", expectedIndex: 5 }]);
  expect(seat.lines[0]).toContain("of for 10 s, and e votes in its place: it is removed");
});

test("nobody is removed if it comes back, or another one leads, while a majority is asked", async () => {
  const seat = new Seat("abcd");
  seat.dies("d", limits.deadAfterMs);
  seat.onConfirm = (): void => {
    seat.silentTicks["d"] = 0;
  };
  await seat.looks();
  seat.dies("d", limits.deadAfterMs);
  seat.onConfirm = (): void => {
    seat.status = { ...seat.status, role: "follower" };
  };
  await seat.looks(3);
  expect([seat.asked, seat.lines]).toEqual([[], []]);
});

test("nobody is removed without a majority; people are told once", async () => {
  const seat = new Seat("abcd");
  seat.dies("d", limits.deadAfterMs);
  seat.onConfirm = (): void => {
    throw new Error("no majority confirmed it");
  };
  await seat.looks(4);
  expect(seat.asked).toEqual([]);
  expect(seat.lines).toEqual([
    "warn: a dead member could not be removed: no majority confirmed it",
  ]);
});

test("two looks at once ask for one removal", async () => {
  const seat = new Seat("abcd");
  seat.dies("d", limits.deadAfterMs);
  await Promise.all([seat.looks(), seat.looks(), seat.looks()]);
  expect(seat.asked).toHaveLength(1);
});

test("who was never heard of is silent since this node leads, and a stall is no silence", async () => {
  const seat = new Seat("abcd");
  seat.standing["d"] = "failed";
  seat.silentTicks["d"] = null;
  await seat.looks();
  seat.now += 10 * limits.deadAfterMs; // asleep
  const looksOfThatTime = limits.deadAfterMs / lookEveryMs;
  await seat.looks(looksOfThatTime - 1);
  expect(seat.asked).toEqual([]);
  seat.status = { ...seat.status, term: 3 }; // elected anew
  await seat.looks(looksOfThatTime);
  expect(seat.asked).toEqual([]);
  await seat.looks(1);
  expect(seat.asked).toHaveLength(1);
});
