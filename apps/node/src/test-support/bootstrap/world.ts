/**
 * A simulated world of candidates: late starts, lost, late and repeated messages, views that are late
 * and partial, crashes between any two steps, disks that are wiped. A run is its seed.
 *
 * What must never happen is looked for after every change of a disk.
 */
import { Candidacy } from "../../bootstrap/candidacy.ts";
import { candidatesIn, coordinatorOf, rules, type Rules } from "../../bootstrap/rules.ts";
import type {
  Answer,
  Beginning,
  Effect,
  Input,
  Question,
  Sighting,
} from "../../bootstrap/types.ts";
import type { Flaw } from "./flaw.ts";
import { drawDim, drawKnobs, type Knobs } from "./knobs.ts";
import { emptyDisk, tell, viewOf, type Disk, type Place, type Process } from "./places.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { Truth } from "./truth.ts";

// In milliseconds of the simulated clock.
/** When faults end. */
export const calmAtMs = 10_000;
const tickMs = 100;
const seenMs = 100;
const askTimeoutMs = 1000;

export class World {
  readonly knobs: Knobs;
  readonly places: readonly Place[];
  readonly time: SimulatedTime;
  readonly truth: Truth;
  readonly trace: string[] = [];
  /** Data directories that there ever were. */
  directories = 0;
  crashes = 0;
  /** Pledges. */
  released = 0;
  readonly #flaw: Flaw;
  readonly #rules: Rules;
  #made = 0;

  constructor(seed: number, flaw: Flaw | null) {
    this.time = new SimulatedTime(seed);
    this.#flaw = flaw ?? {};
    this.#rules = { ...rules, ...flaw?.rules };
    const knobs = drawKnobs(this.time);
    this.knobs = flaw === null ? knobs : { ...knobs, ...drawDim(this.time) };
    this.truth = new Truth(this.knobs.expects);
    this.places = this.knobs.expects.map((expect, at) => {
      const disk = this.#emptyDisk();
      return { address: `n${at}:1`, expect, disk, process: null, told: [] };
    });
  }

  get faults(): boolean {
    return this.time.now < calmAtMs;
  }

  #emptyDisk(): Disk {
    this.#made += 1;
    this.directories += 1;
    return emptyDisk(this.time, this.#made);
  }

  // Processes

  start(place: Place): void {
    if (place.process !== null) return;
    const { address, expect, disk } = place;
    const { viewLagMs, hiddenShare, seeded, timing } = this.knobs;
    const sees = this.places.map(() => {
      const hidden = this.faults && this.time.chance(hiddenShare);
      const blamed = this.faults && this.time.chance(hiddenShare);
      return {
        fromMs: this.time.now + this.time.below(viewLagMs) + (hidden ? this.time.below(8000) : 0),
        lostAtMs: blamed ? this.time.now + this.time.below(8000) : Infinity,
      };
    });
    const seeds = seeded ? [this.places[0]!.address] : [];
    const own = { directoryId: disk.directoryId, address };
    const options = { own, expect, seeds, pledge: disk.pledge, timing, rules: this.#rules };
    const core = new Candidacy(options);
    const process: Process = {
      core,
      startedMs: this.time.now,
      sees,
      callers: new Map(),
      diskFreeAtMs: 0,
    };
    place.process = process;
    this.#say(place, `starts as ${disk.directoryId.slice(0, 8)}`);
    if (disk.clusterId !== null) this.#step(place, { type: "begun", clusterId: disk.clusterId });
    if (this.#flaw.resumes === true && disk.leading !== null) this.#resumeLater(place, process);
    this.#tell(place, this.time.now, "there");
    this.#every(place, process, tickMs, () => {
      this.#made += 1;
      this.#step(place, { type: "tick", freshId: `c${this.#made}-${this.time.hex(6)}` });
    });
    let seen: string | null = null;
    this.#every(place, process, seenMs, () => {
      const { now } = this.time;
      const [lagMs, mayErr] = [this.knobs.viewLagMs / 4, this.faults];
      const view = viewOf(this.places, { place, process, now, lagMs, mayErr });
      const text = view.map((one) => Object.values(one).join(" ")).join();
      if (text !== seen) this.#step(place, { type: "seen", view });
      seen = text;
    });
  }

  #resumeLater(place: Place, process: Process): void {
    const { leading } = place.disk;
    this.time.after(this.time.below(3000), () => {
      if (place.process !== process || process.core.state.begun !== null) return;
      if (process.core.state.pledge === null) process.core.state.leading = leading;
    });
  }

  #every(place: Place, process: Process, ms: number, run: () => void): void {
    this.time.after(ms * (0.75 + this.time.next() / 2), () => {
      if (place.process !== process) return;
      run();
      this.#every(place, process, ms, run);
    });
  }

  #crash(place: Place): void {
    if (place.process === null) return;
    this.crashes += 1;
    place.process = null;
    this.#say(place, "crashes");
    this.#tell(place, this.time.now + 500 + this.time.below(3000), "lost");
    if (this.time.chance(this.knobs.wipeShare)) this.#wipe(place);
    this.time.after(this.time.below(this.time.chance(0.5) ? 200 : 4000), () => this.start(place));
  }

  /** Ends its process, empties its disk, and starts it. */
  startAnew(place: Place): void {
    place.process = null;
    this.#tell(place, this.time.now, "lost");
    this.#wipe(place);
    this.time.after(100, () => this.start(place));
  }

  #wipe(place: Place): void {
    const { directoryId, clusterId } = place.disk;
    // A cluster that was on one disk only is gone with it, and so is what was decided.
    const others = this.places.some(({ disk }) => {
      return disk !== place.disk && disk.clusterId === clusterId;
    });
    if (clusterId !== null && !others) this.truth.onLost(clusterId);
    place.disk = this.#emptyDisk();
    this.#say(place, `loses its disk ${directoryId.slice(0, 8)}`);
  }

  #step(place: Place, input: Input): void {
    const { process } = place;
    if (process === null) return;
    const effects = process.core.step(input, this.time.now);
    for (const effect of effects) this.#carryOut(place, process, effect);
    if (this.#flaw.resumes === true) {
      const { leading } = process.core.state;
      if (leading !== null) {
        place.disk.leading = { ...leading, missing: leading.missing, deadlineMs: Infinity };
      }
    }
    const idle = input.type === "tick" || input.type === "seen";
    const crashShare = idle ? this.knobs.crashShare / 20 : this.knobs.crashShare;
    if (this.faults && effects.length > 0 && this.time.chance(crashShare)) this.#crash(place);
  }

  // Effects

  #carryOut(place: Place, process: Process, effect: Effect): void {
    switch (effect.type) {
      case "ask":
        return this.#ask(place, process, effect);
      case "answer":
        process.callers.get(effect.context)?.(effect.answer);
        process.callers.delete(effect.context);
        return;
      case "write":
        return this.#write(place, process, effect);
      case "begin":
        return this.#begin(place, process, effect.beginning);
      case "note":
        return this.#say(place, effect.text);
    }
  }

  #ask(place: Place, process: Process, effect: Extract<Effect, { readonly type: "ask" }>): void {
    const { ask, address, question } = effect;
    let done = false;
    const answered = (answer: Answer | null): void => {
      if (done || place.process !== process) return;
      done = true;
      this.#step(place, { type: "answered", ask, answer });
    };
    this.time.after(askTimeoutMs, () => answered(null));
    const to = this.places.find((other) => other.address === address)!;
    const copies = this.faults && this.time.chance(this.knobs.repeatShare) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#travel(() =>
        this.#hear(to, question, (answer) => this.#travel(() => answered(answer))),
      );
    }
  }

  #hear(place: Place, question: Question, reply: (answer: Answer) => void): void {
    const { process } = place;
    if (process === null) return;
    this.#made += 1;
    process.callers.set(this.#made, reply);
    this.#step(place, { type: "asked", context: this.#made, question });
  }

  #travel(arrive: () => void): void {
    const { lossShare, latencyMaxMs, lateShare } = this.knobs;
    if (this.faults && this.time.chance(lossShare)) return;
    const late = this.faults && this.time.chance(lateShare) ? this.time.below(5000) : 0;
    this.time.after(1 + this.time.below(latencyMaxMs) + late, arrive);
  }

  /** What a crash leaves of a write that was under way: all of it, or nothing. */
  #durably(place: Place, process: Process, change: () => void, then: () => void): void {
    const { disk } = place;
    const from = Math.max(this.time.now, process.diskFreeAtMs);
    process.diskFreeAtMs = from + 1 + this.time.below(this.knobs.writeMaxMs);
    this.time.at(process.diskFreeAtMs, () => {
      const crashed = place.process !== process;
      if (place.disk !== disk || (crashed && this.time.now > from && !this.time.chance(0.5)))
        return;
      if (crashed && place.process !== null) return; // the next process has read the disk already
      change();
      if (!crashed) then();
    });
  }

  #write(
    place: Place,
    process: Process,
    effect: Extract<Effect, { readonly type: "write" }>,
  ): void {
    const { write, pledge } = effect;
    const { directoryId } = place.disk;
    if (pledge === null) this.released += 1;
    else {
      const seen = candidatesIn(process.core.state.view ?? []).map((one) => one.directoryId);
      this.truth.onPledged(pledge.clusterId, directoryId, seen);
      this.#say(place, `pledges itself to ${pledge.clusterId}`);
    }
    const change = (): void => {
      place.disk.pledge = pledge;
    };
    this.#durably(place, process, change, () => this.#step(place, { type: "persisted", write }));
    // The moment at which a crash matters most: it is written, or not yet.
    if (!this.faults || !this.time.chance(this.knobs.crashShare * 3)) return;
    this.time.after(this.time.below(this.knobs.writeMaxMs), () => {
      if (place.process === process) this.#crash(place);
    });
  }

  #begin(place: Place, process: Process, beginning: Beginning): void {
    const decided = beginning.kind === "decided" ? beginning.proposal : null;
    const clusterId = decided?.clusterId ?? (beginning.kind === "join" ? beginning.clusterId : "");
    const { directoryId } = place.disk;
    this.#say(place, `begins: ${beginning.kind} ${clusterId}`);
    const coordinates = decided !== null && coordinatorOf(decided).directoryId === directoryId;
    if (!coordinates) this.truth.requireDecided(clusterId, decided);
    const seen = candidatesIn(process.core.state.view ?? []).map((one) => one.directoryId);
    const change = (): void => {
      const begun = this.places.map(({ disk }) => disk);
      if (coordinates) this.truth.onDecided(decided, seen, begun);
      this.truth.onBegun(directoryId, clusterId);
      place.disk.clusterId = clusterId;
    };
    this.#durably(place, process, change, () => {
      this.#step(place, { type: "begun", clusterId });
      this.#tell(place, this.time.now, "there");
    });
  }

  // Gossip

  #tell(place: Place, atMs: number, standing: Sighting["standing"]): void {
    if (standing === "there") return tell(place, atMs, standing);
    const { directoryId } = place.disk;
    const former = { ...place, disk: { ...place.disk } };
    this.time.at(atMs, () => {
      // If it is back, nobody has noticed.
      if (place.process?.core.state.own.directoryId !== directoryId) tell(former, atMs, standing);
    });
  }

  #say(place: Place, text: string): void {
    this.trace.push(`${this.time.now.toFixed(0).padStart(6)}  ${place.address}  ${text}`);
  }
}
