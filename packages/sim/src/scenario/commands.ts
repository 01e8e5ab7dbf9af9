/** The words of a scenario; `docs/scenarios.md` explains each. */
import type { Message } from "@counter/raft";
import { describeMessage } from "../describe.ts";
import { changeFrom } from "./changes.ts";
import { ScenarioCluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster.ts";
import { peersTable } from "./tables.ts";

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
    const [verb = "", ...rest] = words;
    const run = scenarioCommands.get(verb) ?? failOn(`what is "${command}"?`);
    if (!beforeTheStart.has(verb)) this.cluster.begin();
    run(this, rest);
    return isQuiet ? [] : this.#output;
  }

  get cluster(): ScenarioCluster {
    return this.#cluster ?? failOn("a scenario begins with: nodes 3");
  }

  create(count: number, options: ClusterOptions): void {
    this.#cluster = new ScenarioCluster(count, options, (line) => this.print([line]));
  }

  print(lines: readonly string[]): void {
    this.#output.push(...lines);
  }
}

/** What may be said before the servers start. */
const beforeTheStart: ReadonlySet<string> = new Set(["nodes", "joiner", "log"]);

type Command = (session: ScenarioSession, words: readonly string[]) => void;

/** What each word does. */
const commands: Readonly<Record<string, Command>> = {
  nodes: (session, [count = "", ...settings]) => {
    session.create(numberFrom(count), optionsFrom(settings));
  },
  joiner: ({ cluster }, [id = ""]) => cluster.addJoiner(id),
  log: ({ cluster }, [id = "", ...words]) => {
    const terms = words.filter((word) => !word.startsWith("term=")).map(numberFrom);
    const term = words.find((word) => word.startsWith("term="))?.slice("term=".length);
    cluster.setLog(id.replace(/:$/, ""), terms, term === undefined ? null : numberFrom(term));
  },
  tick: ({ cluster }, [id = "", count = "1"]) => {
    for (let i = 0; i < numberFrom(count); i += 1) cluster.server(id).tick();
  },
  pass: ({ cluster }, [count = "1"]) => cluster.pass(numberFrom(count)),
  pause: ({ cluster }, [id = "", ms = ""]) => cluster.server(id).pause(numberFrom(ms)),
  campaign: ({ cluster }, [id = ""]) => cluster.server(id).step({ type: "campaign" }),
  stepDown: ({ cluster }, [id = ""]) => cluster.server(id).step({ type: "stepDown" }),
  transfer: ({ cluster }, [id = "", to = null]) => {
    cluster.server(id).step({ type: "transfer", to });
  },
  propose: ({ cluster }, [id = "", ...text]) => cluster.server(id).propose(text.join(" ")),
  change: ({ cluster }, [id = "", ...words]) => cluster.server(id).change(changeFrom(words)),
  read: ({ cluster }, [id = "", count = "1"]) => cluster.server(id).read(numberFrom(count)),
  leaseRead: ({ cluster }, [id = ""]) => cluster.server(id).leaseRead(),
  snapshot: ({ cluster }, [id = "", keep = "keep", count = "0"]) => {
    if (keep !== "keep") failOn(`what is ${keep}? say: snapshot n1 keep 2`);
    cluster.server(id).takeSnapshot(numberFrom(count));
  },
  deliver: (session, words) => deliver(session.cluster, words),
  drop: ({ cluster }, words) => void cluster.take(meantBy(words)),
  copy: ({ cluster }, [from = "", arrow = "", to = "", as = "", name = ""]) => {
    if (as !== "as" || name === "") failOn("a copy needs a name: copy n1 -> n2 as late");
    cluster.copy(name, meantBy([from, arrow, to]));
  },
  replay: ({ cluster }, [name = ""]) => cluster.replay(name),
  unreachable: ({ cluster }, [id = "", peer = ""]) => {
    cluster.server(id).step({ type: "unreachable", peer });
  },
  cut: ({ cluster }, [from = "", arrow = "", to = ""]) => {
    if (arrow === "->") cluster.cut(from, to);
    else isolate(cluster, from);
  },
  heal: ({ cluster }) => cluster.heal(),
  crash: ({ cluster }, [id = ""]) => cluster.server(id).crash(),
  restart: ({ cluster }, [id = ""]) => cluster.server(id).start(),
  hold: ({ cluster }, words) => cluster.server(diskOf(words)).disk.hold(),
  persist: ({ cluster }, [id = "", count = ""]) => {
    cluster.server(id).disk.persist(count === "" ? Infinity : numberFrom(count));
  },
  release: ({ cluster }, words) => cluster.server(diskOf(words)).disk.release(),
  fill: ({ cluster }, words) => cluster.server(diskOf(words)).disk.fill(),
  free: ({ cluster }, words) => cluster.server(diskOf(words)).disk.free(),
  state: (session) => session.print(session.cluster.table()),
  members: (session) => session.print(session.cluster.membersTable()),
  peers: (session, [id = ""]) => {
    const { status } = session.cluster.server(id);
    session.print(peersTable(status ?? failOn(`${id} is down`)));
  },
  messages: (session) => {
    const { inFlight } = session.cluster;
    session.print(inFlight.map((m) => `${m.from} -> ${m.to}  ${describeMessage(m)}`));
  },
};

/** The commands by their first word. */
export const scenarioCommands: ReadonlyMap<string, Command> = new Map(Object.entries(commands));

/** The settings of `nodes`, by their names in scenarios. */
export const scenarioSettings: ReadonlyMap<string, keyof ClusterOptions> = new Map([
  ["election", "electionTimeoutTicks"],
  ["heartbeat", "heartbeatTicks"],
  ["entries", "messageMaxEntries"],
  ["bytes", "messageMaxBytes"],
  ["inflight", "inflightMaxMessages"],
  ["window", "inflightMaxBytes"],
  ["command", "entryMaxBytes"],
  ["uncommitted", "uncommittedMaxBytes"],
  ["reads", "pendingReadsMax"],
  ["chunk", "snapshotChunkMaxBytes"],
  ["writes", "inflightMaxWrites"],
  ["stall", "diskStallTicks"],
  ["lease", "leaseMs"],
] as const);

function optionsFrom(settings: readonly string[]): ClusterOptions {
  const options: Record<string, number> = {};
  for (const setting of settings) {
    const [name = "", value = ""] = setting.split("=");
    options[scenarioSettings.get(name) ?? failOn(`there is no setting ${name}`)] =
      numberFrom(value);
  }
  return options;
}

/** `deliver`: until nobody has anything to say. `deliver once`: what is in flight now. */
function deliver(cluster: ScenarioCluster, words: readonly string[]): void {
  if (words.length === 0) return cluster.deliverAll();
  for (const message of cluster.take(meantBy(words))) cluster.deliver(message);
}

function isolate(cluster: ScenarioCluster, id: string): void {
  for (const other of cluster.ids) {
    if (other === id) continue;
    cluster.cut(id, other);
    cluster.cut(other, id);
  }
}

/** `disk n1`: the server. */
function diskOf([disk = "", id = ""]: readonly string[]): string {
  return disk === "disk" ? id : failOn(`what is ${disk}? say: disk n1`);
}

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
