// What goes wrong, and which alerts must say so: every alert of ops/prometheus/alerts.yml is in one.
import { spawnSync } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { AlertNode, cluster, freePorts, leaderOf, load, startAll, until } from "./nodes.mjs";

const inNamespace = ["unshare", "--user", "--map-root-user", "--mount"];
const canMount = () =>
  spawnSync(inNamespace[0], [...inNamespace.slice(1), "mount", "-t", "tmpfs", "none", "/mnt"])
    .status === 0;
/** Of 64 MiB most are taken: there is room for the first segment of a log, not for a second one. */
const smallDisk =
  'mkdir -p "$0" && mount -t tmpfs -o size=64m none "$0" && head -c 54525952 /dev/zero >"$0/filler" && exec "$@"';

/** Each write of these takes some 4 kB of the log. */
const labels = Object.fromEntries(
  Array.from({ length: 16 }, (_, number) => [`label-${number}`, "x".repeat(255)]),
);
const large = { method: "PATCH", json: { labels } };

async function membersDown({ folder, watch, seen, fires, over }) {
  const nodes = await cluster(3, folder, ["--apply-timeout=1s"]);
  await startAll(nodes);
  await watch(nodes);
  const [first, second, third] = nodes;
  await third.end();
  await fires("SIGTERM to one of three", "CounterMembersDown");
  await second.end();
  const stop = load([first], "/next", 4);
  await fires(
    "SIGTERM to another one, while clients go on",
    ...["CounterInsufficientMembers", "CounterNoLeader", "CounterNotReady", "CounterErrors"],
  );
  await stop();
  await fires("still the same", "CounterNotAnswering");
  await first.end();
  await seen(0);
  await fires("SIGTERM to the last one", "CounterInsufficientMembers");
  await startAll(nodes);
  await over(
    ...["CounterMembersDown", "CounterInsufficientMembers", "CounterNoLeader", "CounterNotReady"],
    "CounterNotAnswering",
  );
}

async function leadersChange({ folder, watch, fires }) {
  const nodes = await cluster(3, folder, []);
  await startAll(nodes);
  await watch(nodes);
  for (let turn = 0; turn < 5; turn += 1) {
    const leader = await leaderOf(nodes);
    leader.signal("SIGSTOP");
    await pause(2500);
    leader.signal("SIGCONT");
  }
  await fires("SIGSTOP for 2.5 s to whoever leads, five times", "CounterManyLeaderChanges");
}

async function proposalsFail({ folder, watch, fires }) {
  const nodes = await cluster(3, folder, ["--apply-timeout=1s"]);
  await startAll(nodes);
  await watch(nodes);
  const cut = async () => {
    const leader = await leaderOf(nodes);
    const followers = nodes.filter((node) => node !== leader);
    for (const node of followers) node.signal("SIGSTOP");
    const writes = [];
    for (let write = 0; write < 6; write += 1) {
      writes.push(leader.post("/next"));
      await pause(50); // so that they are not one command
    }
    await Promise.all(writes);
    for (const node of followers) node.signal("SIGCONT");
  };
  await fires(
    { what: "SIGSTOP to both followers, and six writes; again and again", meanwhile: cut },
    "CounterFailedProposals",
  );
}

async function followerBehind({ folder, watch, fires, over }) {
  const nodes = await cluster(3, folder, []);
  await startAll(nodes);
  await watch(nodes);
  const leader = await leaderOf(nodes);
  const follower = nodes.find((node) => node !== leader);
  follower.signal("SIGSTOP");
  const stop = load([leader], "/increment", 4);
  await fires("SIGSTOP to a follower while clients write", "CounterFollowerBehind");
  await stop();
  follower.signal("SIGCONT");
  await over("CounterFollowerBehind");
}

async function slowDisk({ folder, watch, fires }) {
  const nodeFlags = ["--require", join(import.meta.dirname, "slow-disk.cjs")];
  const nodes = await cluster(3, folder, [], () => ({ nodeFlags }));
  await startAll(nodes);
  await watch(nodes);
  const stop = load(nodes, "/next", 2);
  await fires("every sync of a log takes 250 ms more", "CounterFsyncSlow");
  await stop();
}

async function fullDisk({ folder, watch, fires, over }) {
  const nodes = await cluster(3, folder, ["--mode=eventual"], (place, dataDir) => {
    if (place !== 2) return {};
    const launcher = [...inNamespace, "sh", "-c", smallDisk, `${dataDir}-disk`];
    return { launcher, dataDir: join(`${dataDir}-disk`, "data") };
  });
  await startAll(nodes);
  await watch(nodes);
  const [first, second, third] = nodes;
  await first.post("/v1/counters", { json: { name: "seats" } });
  const stopFilling = load([first, second], "/v1/counters/seats", 4, large);
  await until("the disk is full", async () => {
    await third.post("/increment");
    return (await third.metric("counter_storage_full")) === 1;
  });
  await stopFilling();
  const stop = load([first, second], "/increment", 8);
  await fires(
    "a file system of 64 MB filled up, while the other nodes go on",
    ...["CounterDiskSpaceLow", "CounterStorageFull", "CounterNotReady"],
    ...["CounterPeerLagRising", "CounterNotConverging"],
  );
  await stop();
  await rm(join("/proc", String(third.child.pid), "root", third.dataDir, "../filler"));
  await over("CounterStorageFull", "CounterNotReady", "CounterNotConverging");
}

async function tablesFull({ folder, watch, seen, fires, over }) {
  const [port] = await freePorts(1);
  const of = (most) => {
    const flags = [`--idempotency-max=${most}`, `--sessions-max=${most}`];
    return new AlertNode({ port, peers: [], dataDir: join(folder, "node"), flags });
  };
  const node = of(10);
  await startAll([node]);
  await watch([node]);
  for (let session = 0; session < 9; session += 1) await node.post("/v1/sessions");
  const write = (key) => node.post("/increment", { headers: { "idempotency-key": `k${key}` } });
  for (let key = 0; key < 9; key += 1) await write(key);
  await fires(
    "nine keys and nine sessions, where ten may be",
    ...["CounterKeysAlmostFull", "CounterSessionsAlmostFull"],
  );
  await write(9);
  await fires("the tenth key", "CounterExactlyOnceDegraded");
  await node.end();
  await seen(0);
  await startAll([of(1000)]);
  await seen(1);
  await over("CounterKeysAlmostFull", "CounterSessionsAlmostFull", "CounterExactlyOnceDegraded");
}

/**
 * Two disks of three are set back to a time at which they did not know of the third: nobody whom
 * they ask knows more than they do, and they write other records where the third has some already.
 */
async function forked({ folder, watch, seen, fires, over }) {
  const flags = ["--mode=eventual"];
  const old = await cluster(2, folder, flags);
  const [first] = old;
  const [port] = await freePorts(1);
  const join = [...flags, `--join=${first.port}`];
  const third = new AlertNode({ port, peers: [], dataDir: `${folder}/third`, flags: join });
  const endThem = (nodes) => Promise.all(nodes.map((node) => node.end()));
  const copyThem = (from, to) =>
    Promise.all(
      old.map(async ({ dataDir }) => {
        await rm(`${dataDir}${to}`, { recursive: true, force: true });
        await cp(`${dataDir}${from}`, `${dataDir}${to}`, { recursive: true });
      }),
    );
  await startAll(old);
  await first.acknowledged("/increment?ack=2");
  await endThem(old);
  await copyThem("", "-before");
  await startAll([...old, third]);
  await first.acknowledged("/increment?ack=3");
  await endThem([...old, third]);
  await copyThem("-before", "");
  await startAll(old);
  await watch([...old, third], 2);
  await first.acknowledged("/increment?ack=2");
  third.start();
  await fires(
    "two data directories of three set back to before the third node had joined",
    ...["CounterForked", "CounterDivergence"],
  );
  await third.end();
  await rm(third.dataDir, { recursive: true });
  await startAll([third]);
  await endThem(old);
  await startAll(old);
  await until("all know the same", async () => {
    const counts = await Promise.all([...old, third].map((node) => node.ask("/count")));
    return counts.every((count) => count !== null && count.text === counts[0]?.text);
  });
  await seen(3);
  await over("CounterForked");
}

async function snapshotOld({ folder, watch, fires, over }) {
  const nodes = await cluster(1, folder, []);
  await startAll(nodes);
  await watch(nodes);
  await fires("a log without a snapshot", "CounterSnapshotTooOld");
  await nodes[0].post("/v1/counters", { json: { name: "seats" } });
  const stop = load(nodes, "/v1/counters/seats", 32, large);
  await over("CounterSnapshotTooOld");
  await stop();
}

async function starved({ folder, watch, fires }) {
  const [node] = await cluster(1, folder, []);
  await startAll([node]);
  await watch([node]);
  const gasp = async () => {
    node.signal("SIGSTOP");
    await pause(1500);
    node.signal("SIGCONT");
    await pause(150);
  };
  await fires(
    { what: "a process that runs for 150 ms of every 1650", meanwhile: gasp },
    "CounterEventLoopLate",
  );
}

/** In this order; the name is the `job` under which Prometheus knows it. */
export const scenarios = [
  { name: "members-down", run: membersDown },
  { name: "leaders-change", run: leadersChange },
  { name: "proposals-fail", run: proposalsFail },
  { name: "follower-behind", run: followerBehind },
  { name: "slow-disk", run: slowDisk },
  {
    name: "full-disk",
    run: fullDisk,
    missing: () => (canMount() ? null : "no file system may be mounted here"),
  },
  { name: "tables-full", run: tablesFull },
  { name: "forked", run: forked },
  { name: "snapshot-old", run: snapshotOld },
  { name: "starved", run: starved },
];
