import { plotOf, stepsTo } from "./plot.ts";

describe("the plot of the targets", () => {
  it.each([
    { most: 13.5, steps: [0, 5, 10, 15] },
    { most: 0.4, steps: [0, 0.1, 0.2, 0.3, 0.4] },
    { most: 8, steps: [0, 2, 4, 6, 8] },
  ])("has round steps up to $most", ({ most, steps }) => {
    expect(stepsTo(most)).toEqual(steps);
  });

  it("has a line for each figure, in order of the sizes and within its frame", () => {
    const point = (members: number, seconds: number) => {
      return {
        members,
        firstSeconds: seconds,
        lastSeconds: seconds + 1,
        spreadSeconds: seconds / 10,
      };
    };
    const svg = plotOf([point(10, 4), point(100, 8), point(1000, 12)]);
    const lines = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) =>
      points!.split(" ").map((dot) => dot.split(",").map(Number)),
    );
    expect(lines).toHaveLength(3);
    for (const dots of lines) {
      const xs = dots.map(([x]) => x!);
      const ys = dots.map(([, y]) => y!);
      expect(xs).toEqual([56, 273, 490]);
      expect(ys).toEqual([...ys].sort((a, b) => b - a));
      expect(Math.min(...ys)).toBeGreaterThanOrEqual(40);
    }
    expect(svg.match(/>1000</g)).toHaveLength(2);
  });
});
