import {
  FlightRecorder,
  InvariantError,
  RaftCore,
  RecordingFormatError,
  readRecording,
  readyHash,
} from "../index.ts";
import type { FlightRecorderOptions, Input, RaftOptions, Recording } from "../index.ts";
import { startAlone, startHost, stopAll } from "../test-support/host.ts";
import { stored } from "../test-support/logs.ts";
import { append } from "../test-support/messages.ts";
import { recordedRun } from "../test-support/recorded-run.ts";
import { ScriptedTransport } from "../test-support/scripted-transport.ts";
import { testOptions } from "../test-support/server.ts";
import { tapeEventBytes, tapeObjectBytes } from "./tape.ts";

const options: RaftOptions = { ...testOptions, id: "a" };

/** A core alone in its cluster, a recorder that watches it, and a host that does all it is asked. */
class Watched {
  readonly core: RaftCore = new RaftCore(options, stored({ log: "1" }, ["a"]));
  readonly recorder: FlightRecorder;

  constructor(recorderOptions: FlightRecorderOptions = {}) {
    this.recorder = new FlightRecorder(recorderOptions);
    this.recorder.onStart({ options, image: () => this.core.image() });
  }

  step(...inputs: readonly Input[]): void {
    for (const input of inputs) {
      this.recorder.onInput(input);
      this.core.step(input);
    }
    while (this.core.hasReady()) {
      const ready = this.core.ready();
      this.recorder.onReady(ready);
      const { write, committed } = ready;
      if (write !== null) this.step({ type: "persisted", write: write.id });
      if (committed.length > 0) this.step({ type: "applied", index: committed.at(-1)!.index });
    }
  }

  tick(times: number): void {
    for (let count = 0; count < times; count += 1) this.step({ type: "tick" });
  }

  propose(...bytes: readonly number[]): void {
    this.step({ type: "propose", context: 7, commands: [Uint8Array.from(bytes)] });
  }

  get recording(): Recording {
    return readRecording(this.recorder.recording());
  }
}

/** Runs it again; the hashes of what it gives, input by input, and the core as it is then. */
function replay(recording: Recording): { readonly core: RaftCore; readonly differences: number[] } {
  const core = RaftCore.fromImage(recording.options, recording.image);
  const differences: number[] = [];
  const draw = (at: number, hashes: readonly number[]): void => {
    for (const hash of hashes) if (readyHash(core.ready()) !== hash) differences.push(at);
  };
  draw(recording.inputsBefore, recording.readiesBefore);
  for (const { number, input, readies } of recording.inputs) {
    core.step(input);
    draw(number, readies);
  }
  return { core, differences };
}

describe("a flight recorder", () => {
  it("has a run from its first input on, while that is short", () => {
    const watched = new Watched({ release: "1.2.3" });
    watched.tick(1);
    watched.propose(1, 2);
    const { recording } = watched;
    expect(recording).toMatchObject({ release: "1.2.3", error: null, inputsBefore: 0, options });
    expect(recording.inputs[0]).toMatchObject({ number: 1, input: { type: "tick" } });
    expect(recording.inputs.map(({ input }) => input)).toContainEqual({
      type: "propose",
      context: 7,
      commands: [Uint8Array.of(1, 2)],
    });
  });

  it.each([...Array(12).keys()])("run %i: its recording replays to the same state", (seed) => {
    for (const core of recordedRun(seed)) {
      const recorder = new FlightRecorder({ everyInputs: 40 + seed });
      const again = new RaftCore(core.options, core.persisted);
      recorder.onStart({ options: core.options, image: () => again.image() });
      for (const event of core.events) {
        if ("type" in event) {
          recorder.onInput(event);
          again.step(event);
        } else recorder.onReady(again.ready());
      }
      const result = replay(readRecording(recorder.recording()));
      expect(result.differences).toEqual([]);
      expect(result.core.image()).toEqual(core.image());
    }
  });

  it("keeps between one and two times as many inputs as it was told", () => {
    const watched = new Watched({ everyInputs: 4 });
    const kept = [...Array(13).keys()].map(() => {
      watched.recorder.onInput({ type: "campaign" });
      const { inputs, inputsBefore } = watched.recording;
      return `${inputsBefore}+${inputs.length}`;
    });
    expect(kept.slice(0, 8)).toEqual(["0+1", "0+2", "0+3", "0+4", "0+5", "0+6", "0+7", "0+8"]);
    expect(kept.slice(8)).toEqual(["4+5", "4+6", "4+7", "4+8", "8+5"]);
  });

  it("keeps fewer when they are large, and each at least until the next", () => {
    const command = new Uint8Array(1000);
    const input: Input = { type: "propose", context: 1, commands: [command] };
    const cost = tapeEventBytes + tapeObjectBytes + command.length;
    const keptOf = (maxBytes: number): number[] => {
      const { recorder } = new Watched({ maxBytes });
      return [...Array(6).keys()].map(() => {
        recorder.onInput(input);
        return readRecording(recorder.recording()).inputs.length;
      });
    };
    expect(keptOf(4 * cost)).toEqual([1, 2, 3, 4, 3, 4]); // two a generation
    expect(keptOf(4 * cost + 2)).toEqual([1, 2, 3, 4, 5, 6]); // a byte more: three
    expect(keptOf(1)).toEqual([1, 2, 2, 2, 2, 2]);
  });

  it("says why the node stopped", () => {
    const watched = new Watched();
    watched.recorder.onFatal(new TypeError("what was that?"));
    expect(watched.recording.error).toBe("TypeError: what was that?");
  });

  it("is the state of the moment in which it was asked, whenever it is read", () => {
    const watched = new Watched({ everyInputs: 3 });
    watched.tick(4);
    const lines = watched.recorder.recording();
    const before = watched.recording;
    watched.tick(20);
    expect(readRecording(lines)).toEqual(before);
  });

  it("has nothing to say before the start, and begins again with another start", () => {
    expect([...new FlightRecorder().recording()]).toEqual([]);
    const watched = new Watched();
    watched.tick(3);
    watched.recorder.onStart({ options, image: () => watched.core.image() });
    expect(watched.recording).toMatchObject({ inputsBefore: 0, inputs: [] });
  });

  it.each([{ everyInputs: 0 }, { everyInputs: 1.5 }, { maxBytes: 0 }, { maxBytes: NaN }])(
    "refuses %j",
    (wrong) => {
      expect(() => new FlightRecorder(wrong)).toThrow(RangeError);
    },
  );

  it("leaves commands out where they are nobody's business, and still replays", () => {
    const secret = Buffer.from("a secret");
    const watched = new Watched({ redactCommands: true, everyInputs: 5 });
    watched.tick(1);
    for (let count = 0; count < 8; count += 1) watched.propose(...secret);
    const text = [...watched.recorder.recording()].join("\n");
    expect(text).not.toContain(secret.toString("base64").slice(0, 8));
    const { recording } = watched;
    expect(recording.redacted).toBe(true);
    expect(replay(recording).differences).toEqual([]);
    expect(replay(recording).core.status()).toEqual(watched.core.status());
    const commands = recording.inputs.flatMap(({ input }) =>
      input.type === "propose" ? input.commands : [],
    );
    expect(commands.every((command) => command.length === 8 && !command.some(Boolean))).toBe(true);
  });
});

describe("reading a recording", () => {
  const lines = (): string[] => {
    const watched = new Watched();
    watched.tick(1);
    watched.propose(1);
    return [...watched.recorder.recording()];
  };

  it.each([
    { what: "nothing", change: () => [], says: /line 1: the recording ends too early/ },
    { what: "another file", change: () => ["{}"], says: /line 1: not a flight recording/ },
    { what: "no JSON", change: () => ["hello"], says: /line 1: not a line/ },
    {
      what: "a later version",
      change: ([header, ...rest]: string[]) => [header!.replace('n":1', 'n":2'), ...rest],
      says: /line 1: version 2 is not known/,
    },
    { what: "half a file", change: (all: string[]) => all.slice(0, -1), says: /ends too early/ },
    {
      what: "a file with a hole",
      change: (all: string[]) => all.toSpliced(4, 1),
      says: /line 5: an input is missing/,
    },
    {
      what: "damaged bytes",
      change: (all: string[]) =>
        all.map((line) => line.replaceAll('"$bytes":"', '"$bytes":1,"x":"')),
      says: /line 3: malformed data/,
    },
  ])("refuses $what and says where", ({ change, says }) => {
    const read = (): Recording => readRecording(change(lines()));
    expect(read).toThrow(RecordingFormatError);
    expect(read).toThrow(says);
  });

  it("takes the defaults for options that are newer than the recording", () => {
    const [header, ...rest] = lines();
    const { options: known, ...others } = JSON.parse(header!) as {
      options: Record<string, unknown>;
    };
    Reflect.deleteProperty(known, "diskStallTicks");
    const older = JSON.stringify({ ...others, options: known });
    expect(readRecording([older, ...rest]).options.diskStallTicks).toBe(80);
  });

  it("completes configurations that had fewer parts when they were recorded", () => {
    const older = lines().map((line) => line.replaceAll(/,"(learnersNext|autoLeave)":[^,}]+/g, ""));
    expect(older).not.toEqual(lines());
    expect(readRecording(older).image).toEqual(readRecording(lines()).image);
  });
});

describe("the flight recorder of a node", () => {
  afterEach(stopAll);

  it("sees what the core sees, beside another observer", async () => {
    const recorder = new FlightRecorder();
    const { node, watch } = await startAlone({ recorder });
    await node.propose(Uint8Array.of(1));
    const recording = readRecording(recorder.recording());
    expect(replay(recording).differences).toEqual([]);
    const inputs = watch.seen.flatMap((one) => ("input" in one ? [one.input] : []));
    expect(recording.inputs.map(({ input }) => input)).toEqual(inputs);
    expect(replay(recording).core.status().appliedIndex).toBe(node.status().appliedIndex);
  });

  it("has the input at which an invariant broke: it breaks there again", async () => {
    const recorder = new FlightRecorder();
    const transport = new ScriptedTransport();
    const host = await startHost("a", ["a", "b", "c"], { recorder, transport });
    await transport.elect(host, ["b"]);
    const { term } = host.node.status();
    transport.deliver(append({ from: "c", to: "a", term, prev: "1@1", entries: "" }));
    expect(await host.node.stopped).toBeInstanceOf(InvariantError);
    const recording = readRecording(recorder.recording());
    expect(recording.error).toBe("InvariantError: a term has one leader");
    expect(recording.inputs.at(-1)?.input).toMatchObject({ message: { from: "c" } });
    expect(() => replay(recording)).toThrow("a term has one leader");
  });

  it("that throws stops the node: no part of a run goes unseen", async () => {
    class Broken extends FlightRecorder {
      override onReady(): void {
        throw new Error("no room");
      }
    }
    const { node } = await startHost("a", ["a"], { recorder: new Broken() });
    expect(await node.stopped).toMatchObject({ message: "no room" });
  });
});
