/** Nodes that come and go while the cluster is at work. */
import type { FaultTools } from "./faults.ts";
import { onNodeLost } from "./losses.ts";
import { SimNode } from "./node.ts";

/** Nodes that may join in one run. */
const joinersMax = 2;

/** Nodes that are left alone however many are to be removed. */
const staysMin = 2;

export class MembershipFaults {
  readonly #tools: FaultTools;
  #joined = 0;

  constructor(tools: FaultTools) {
    this.#tools = tools;
  }

  /** A new node that knows one or all of the others; sometimes it is registered as well. */
  join(): void {
    const { world, random, say } = this.#tools;
    if (this.#joined >= joinersMax || world.nodes.length >= world.seatsMax) return;
    const members = this.#members();
    if (members.length === 0) return;
    this.#joined += 1;
    const node = new SimNode(world, world.nodes.length, random.fork("joiner"));
    world.nodes.push(node);
    node.peers = (random.chance(0.5) ? members : [random.pick(members)]).map((n) => n.address);
    // Its id is as random as anything. At this digit no seed that failed once plays another game now.
    node.asksAlone = node.id.charAt(29) < "8";
    const way = node.asksAlone ? "is told of" : "knows";
    say(`${node.name} joins, and ${way} ${node.peers.join(", ")}`);
    world.coverage.hit("joined");
    if (node.asksAlone) {
      world.coverage.hit("hinted");
      for (const { process } of members) process?.hint(node.address);
    }
    if (random.chance(0.5)) {
      random.pick(members).process?.wish({ type: "register", addresses: [node.address] }, () => {
        // Whatever it says, the joiner calls by itself.
      });
    }
    node.start();
  }

  leave(victim: SimNode): void {
    const { world, say } = this.#tools;
    if (victim.process === null || victim.hasTwin || victim.wasRemoved) return;
    if (this.#members().length <= staysMin) return;
    say(`${victim.name} is asked to leave`);
    victim.wasRemoved = true;
    world.leaverIds.add(victim.id);
    victim.process.wish({ type: "leave" }, (outcome) => {
      if (outcome.type !== "written") return;
      world.coverage.hit("left");
      victim.isRemoved = true;
      world.goneIds.add(victim.id);
    });
  }

  /** One that is down or cut off, or only slow: the operator cannot know. */
  remove(victim: SimNode): void {
    const { world, random, say, mendLater } = this.#tools;
    if (victim.hasTwin || victim.wasRemoved) return;
    const others = this.#members().filter((node) => node !== victim);
    if (others.length < staysMin) return;
    victim.wasRemoved = true;
    if (random.chance(0.6)) {
      victim.crash("it is going to be removed");
      mendLater(() => victim.start());
    }
    onNodeLost(world, victim);
    world.goneIds.add(victim.id);
    say(`${victim.name} is to be removed`);
    const addresses = [victim.address];
    const ask = (left: number): void => {
      const { process } = random.pick(others);
      if (process === null) return;
      const wish = { type: "deregister", addresses, force: random.chance(0.5) } as const;
      process.wish(wish, (outcome) => {
        if (outcome.type === "written") {
          world.coverage.hit("removedByForce");
          // Whoever has not heard of it yet can only strike its address out.
          const known = process.status.members.find(({ id }) => id === victim.id);
          victim.isRemoved = known?.status === "removed";
        } else if (left > 0) ask(left - 1);
      });
    };
    ask(3);
  }

  /** A message of another cluster, to the wrong address. */
  foreigner(): void {
    const { world, random } = this.#tools;
    const process = random.pick(world.nodes).process;
    process?.receive({
      kind: "request",
      to: process.node.address,
      exchange: 0,
      sender: {
        clusterId: "another",
        provisional: false,
        node: "f".repeat(32),
        boot: 1,
        nonce: 1,
        address: "n9:80",
        label: "n9",
      },
      body: { type: "health" },
    });
  }

  /** Who belongs to the cluster and is to stay, up or not. */
  #members(): SimNode[] {
    return this.#tools.world.nodes.filter(({ isGone, wasRemoved, hasTwin, process }) => {
      return !isGone && !wasRemoved && !hasTwin && process !== null;
    });
  }
}
