import type { TransportEvent } from "@counter/transport-http";

import type { StartError } from "../process/exit-codes.ts";
import { Refusals, type ForeignCluster } from "./refusals.ts";

interface Told {
  readonly refusals: Refusals;
  readonly reasons: string[];
  readonly hopeless: StartError[];
}

function setup(
  options: {
    met?: string[];
    untouched?: boolean;
    others?: Record<string, ForeignCluster>;
    members?: () => string[];
    voters?: string[];
  } = {},
): Told {
  const { met = [], untouched = true, others = {} } = options;
  const all = ["a:1", "b:1", "c:1"];
  const reasons: string[] = [];
  const hopeless: StartError[] = [];
  const refusals = new Refusals({
    own: "a:1",
    dataDir: "data/a",
    clusterId: "ours",
    members: options.members ?? (() => all),
    voters: () => options.voters ?? all,
    met: (peer) => met.includes(peer),
    untouched: () => untouched,
    ask: (address) => Promise.resolve(others[address] ?? null),
    onReason: (text) => reasons.push(text),
    onHopeless: (error) => hopeless.push(error),
  });
  return { refusals, reasons, hopeless };
}

type Code = Extract<TransportEvent, { type: "refused" }>["code"];
const refused = (peer: string, code: Code, by: "us" | "them" = "them"): TransportEvent => {
  return { type: "refused", by, peer, code, message: "why" };
};
const connected = (peer: string): TransportEvent => {
  return { type: "connected", peer, direction: "dialled", label: null };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("another data directory (F1)", () => {
  test("a new directory whose address others know with another one can never take part: exit 3", () => {
    const { refusals, hopeless } = setup();
    refusals.onTransport(refused("b:1", "duplicate-identity"));
    expect(hopeless).toMatchObject([{ exitCode: 3 }]);
    expect(hopeless[0]!.message).toBe(
      "b:1 knows a:1 with another data directory than data/a, which is new or was wiped: bring the old one back, or leave this node stopped",
    );
    refusals.onTransport(refused("c:1", "duplicate-identity"));
    expect(hopeless).toHaveLength(1);
  });

  test("whoever met that member before is not the one that was wiped", () => {
    const { refusals, hopeless, reasons } = setup({ met: ["b:1"] });
    refusals.onTransport(refused("b:1", "duplicate-identity"));
    expect(hopeless).toEqual([]);
    expect(reasons).toEqual([expect.stringContaining("b:1 has come back with another")]);
  });

  test("a directory that holds more than the first configuration goes on", () => {
    const { refusals, hopeless } = setup({ untouched: false });
    refusals.onTransport(refused("b:1", "duplicate-identity"));
    expect(hopeless).toEqual([]);
  });
});

describe("another cluster (F2)", () => {
  const other = { clusterId: "theirs", members: ["b:1", "c:1"] };

  test("one member of three that belongs elsewhere is told with both lists, and waited for", async () => {
    const { refusals, hopeless, reasons } = setup({ others: { "b:1": other } });
    refusals.onTransport(refused("b:1", "foreign-cluster"));
    await settled();
    refusals.onTransport(refused("b:1", "foreign-cluster"));
    await settled();
    expect(reasons).toEqual([
      "b:1 belongs to another cluster, theirs, whose members are b:1, c:1; this node belongs to ours, whose members are a:1, b:1, c:1: remove data/a (nothing was counted there), and start all nodes with the same --peers and --cluster-id, or this one with --join=b:1 instead of --peers: then it takes part there",
    ]);
    expect([hopeless.length, refusals.cutOff()]).toEqual([0, false]);
  });

  test("two of three leave no majority: exit 3", async () => {
    const { refusals, hopeless } = setup({ others: { "b:1": other, "c:1": other } });
    refusals.onTransport(refused("b:1", "foreign-cluster"));
    refusals.onTransport(refused("c:1", "foreign-cluster"));
    await settled();
    expect(hopeless).toMatchObject([{ exitCode: 3 }]);
    expect(refusals.cutOff()).toBe(true);
  });

  test("a node that has taken part only says so, whoever refuses it", async () => {
    const { refusals, hopeless, reasons } = setup({ untouched: false });
    refusals.onTransport(refused("b:1", "foreign-cluster"));
    refusals.onTransport(refused("c:1", "foreign-cluster"));
    await settled();
    expect([hopeless.length, reasons.length]).toEqual([0, 2]);
    expect(reasons[0]).toContain("does not tell its members");
  });
});

test("learners that belong elsewhere leave a majority; the only other voter does not", async () => {
  const setting = { members: () => ["a:1", "b:1", "c:1", "d:1"], voters: ["a:1", "d:1"] };
  const { refusals, hopeless } = setup(setting);
  for (const peer of ["b:1", "c:1"]) refusals.onTransport(refused(peer, "foreign-cluster"));
  await settled();
  expect([refusals.reasons().length, hopeless.length, refusals.cutOff()]).toEqual([2, 0, false]);
  refusals.onTransport(refused("d:1", "foreign-cluster"));
  await settled();
  expect([hopeless.length, refusals.cutOff()]).toEqual([1, true]);
});

test("a reason is forgotten when that member was removed", () => {
  const members = ["a:1", "b:1"];
  const { refusals } = setup({ untouched: false, members: () => members });
  refusals.onTransport(refused("b:1", "wrong-node"));
  members.pop();
  expect(refusals.reasons()).toEqual([]);
});

test("a reason is forgotten when the member can be talked to", () => {
  const { refusals } = setup({ untouched: false });
  refusals.onTransport(refused("b:1", "wrong-node"));
  expect(refusals.reasons()).toEqual(["b:1 refuses this node (wrong-node): why"]);
  refusals.onTransport(connected("b:1"));
  expect(refusals.reasons()).toEqual([]);
});

test("what passes by itself, what we refuse, and strangers are no reasons", () => {
  const { refusals, reasons } = setup();
  refusals.onTransport(refused("b:1", "not-ready"));
  refusals.onTransport(refused("b:1", "duplicate-identity", "us"));
  refusals.onTransport(refused("x:1", "duplicate-identity"));
  expect([refusals.reasons(), reasons]).toEqual([[], []]);
});
