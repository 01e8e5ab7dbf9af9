/** The words of a scenario. `docs` of each command stand in the README of this package. */
import type { Message } from "@counter/raft";
import { describeMessage } from "../describe.ts";
import { ScenarioCluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster.ts";

/** Rounds of delivery before a scenario is taken to talk for ever. */
export const roundsMax: number = 200;

export class ScenarioSession {
  #cluster: ScenarioCluster | null = null;
  #output: string[] = [];

  /**
   * Runs one command and returns what it printed.
   *
   * @throws {RangeError} on a command that makes no sense; a scenario with a mistake is no test
   */
  run(command: string): readonly string[] {
    this.#output = [];
    const words = command.trim().split(/\s+/);
    const isQuiet = words[words.length - 1] === "quietly";
    if (isQuiet) words.pop();
    if (words[0] === "nodes") this.#nodes(words.slice(1));
    else if (words[0] === "log") this.#log(words.slice(1));
    else this.#runStarted(command, words);
    return isQuiet ? [] : this.#output;
  }

  #runStarted(command: string, words: readonly string[]): void {
    const cluster = this.#theCluster();
    cluster.begin();
    const [verb, first = "", second = "", third = ""] = words;
    switch (verb) {
      case "tick":
        return this.#times(second, () => cluster.step(first, { type: "tick" }));
      case "campaign":
      case "stepDown":
        return cluster.step(first, { type: verb });
      case "transfer":
        return cluster.step(first, { type: "transfer", to: second === "" ? null : second });
      case "propose":
        return cluster.propose(first, words.slice(2).join(" "));
      case "read":
        return cluster.read(first);
      case "deliver":
        return this.#deliver(words.slice(1));
      case "drop":
        cluster.take(meantBy(words.slice(1)));
        return;
      case "messages":
        return cluster.inFlight.forEach((m) => {
          this.#output.push(`${m.from} -> ${m.to}  ${describeMessage(m)}`);
        });
      case "cut":
        return second === "->" ? cluster.cut(first, third) : this.#isolate(first);
      case "heal":
        return cluster.heal();
      case "crash":
        return cluster.crash(first);
      case "restart":
        return cluster.restart(first);
      case "hold":
        return cluster.holdDisk(second);
      case "release":
        return cluster.releaseDisk(second);
      case "persist":
        return cluster.persist(first, second === "" ? Infinity : numberFrom(second));
      case "state":
        return this.#print(cluster.table());
      default:
        throw new RangeError(`what is "${command}"?`);
    }
  }

  #nodes([count = "", ...settings]: readonly string[]): void {
    const options: Record<string, number> = {};
    for (const setting of settings) {
      const [name = "", value = ""] = setting.split("=");
      options[optionNames[name] ?? failOn(`there is no setting ${name}`)] = numberFrom(value);
    }
    const print = (line: string): void => void this.#output.push(line);
    this.#cluster = new ScenarioCluster(numberFrom(count), options satisfies ClusterOptions, print);
  }

  #log([id = "", ...terms]: readonly string[]): void {
    this.#theCluster().setLog(id.replace(/:$/, ""), terms.map(numberFrom));
  }

  /** `deliver`: until nobody has anything to say. `deliver once`: what is in flight now. */
  #deliver(words: readonly string[]): void {
    const cluster = this.#theCluster();
    if (words.length > 0) {
      for (const message of cluster.take(meantBy(words))) cluster.deliver(message);
      return;
    }
    for (let round = 0; cluster.inFlight.length > 0; round += 1) {
      if (round >= roundsMax) failOn("the cluster talks for ever");
      for (const message of cluster.take(() => true)) cluster.deliver(message);
    }
  }

  #isolate(id: string): void {
    const cluster = this.#theCluster();
    for (const other of cluster.ids) {
      if (other === id) continue;
      cluster.cut(id, other);
      cluster.cut(other, id);
    }
  }

  #times(count: string, run: () => void): void {
    for (let i = 0; i < (count === "" ? 1 : numberFrom(count)); i += 1) run();
  }

  #print(lines: readonly string[]): void {
    this.#output.push(...lines);
  }

  #theCluster(): ScenarioCluster {
    return this.#cluster ?? failOn("a scenario begins with: nodes 3");
  }
}

const optionNames: Readonly<Record<string, string>> = {
  election: "electionTimeoutTicks",
  heartbeat: "heartbeatTicks",
  entries: "messageMaxEntries",
  inflight: "inflightMaxMessages",
  writes: "inflightMaxWrites",
  stall: "diskStallTicks",
};

/** `n1 -> n2`, `n1 -> *`, `* -> n2`, `once`. */
function meantBy(words: readonly string[]): (message: Message) => boolean {
  const [from = "", arrow = "", to = ""] = words;
  if (from === "once") return () => true;
  if (arrow !== "->") failOn(`who is meant by "${words.join(" ")}"?`);
  return (message) => (from === "*" || message.from === from) && (to === "*" || message.to === to);
}

function numberFrom(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : failOn(`"${text}" is no number`);
}

function failOn(why: string): never {
  throw new RangeError(why);
}
