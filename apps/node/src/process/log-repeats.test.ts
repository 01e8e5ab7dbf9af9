import { LogRepeats, repeatKindsMax, repeatsMax } from "./log-repeats.ts";

interface More {
  readonly text: string;
  readonly more: number;
}

function counted(): { repeats: LogRepeats; told: Promise<More> } {
  let tell: (more: More) => void = () => undefined;
  const told = new Promise<More>((resolve) => (tell = resolve));
  return { repeats: new LogRepeats((text, _level, more) => tell({ text, more }), 20), told };
}

describe("lines of one text", () => {
  it("are written up to a number, and then counted until the window is over", async () => {
    const { repeats, told } = counted();
    const admitted = Array.from({ length: repeatsMax + 3 }, () => repeats.admits("warn", "again"));
    expect(admitted.filter(Boolean)).toHaveLength(repeatsMax);
    // Node.js ends when only unreferenced timers are left; this one holds it up.
    const holding = setInterval(() => undefined, 1000);
    expect(await told).toEqual({ text: "again", more: 3 });
    clearInterval(holding);
    expect(repeats.admits("warn", "again")).toBe(true);
  });

  it("are told apart by their level", () => {
    const { repeats } = counted();
    for (let i = 0; i < repeatsMax; i += 1) repeats.admits("warn", "again");
    expect(repeats.admits("warn", "again")).toBe(false);
    expect(repeats.admits("error", "again")).toBe(true);
  });

  it("are all written where there are too many texts to be remembered", () => {
    const repeats = new LogRepeats(() => undefined);
    for (let i = 0; i < repeatKindsMax; i += 1) repeats.admits("warn", `text ${i}`);
    for (let i = 0; i <= repeatsMax; i += 1) expect(repeats.admits("warn", "new")).toBe(true);
    for (let i = 1; i < repeatsMax; i += 1) repeats.admits("warn", "text 0");
    expect(repeats.admits("warn", "text 0")).toBe(false);
  });
});
