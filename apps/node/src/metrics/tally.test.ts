import { Registry } from "prom-client";

import { Tally, TallyHistogram } from "./tally.ts";

describe("a histogram of tallies", () => {
  it("counts what equals a bound below it, and what is above all bounds in the last bucket", () => {
    const tally = new Tally([1, 2]);
    for (const value of [0.5, 1, 1.5, 2, 3]) tally.observe(value);
    expect(tally.lines()).toEqual({
      buckets: [
        ["1", 2],
        ["2", 4],
        ["+Inf", 5],
      ],
      sum: 8,
    });
  });

  it("is written by the library as one of its own, for every set of labels", async () => {
    const registry = new Registry();
    const common = { help: "h", buckets: [1, 2], registers: [registry] };
    const labelled = new TallyHistogram({ ...common, name: "a_seconds", labelNames: ["route"] });
    labelled.bind({ route: "/x" }).observe(1.5);
    labelled.bind({ route: "/x" }).observe(0.5);
    labelled.bind({ route: "/y" }).observe(9);
    const plain = new TallyHistogram({ ...common, name: "b_seconds" });
    expect(await registry.metrics()).toBe(
      [
        "# HELP a_seconds h",
        "# TYPE a_seconds histogram",
        'a_seconds_bucket{le="1",route="/x"} 1',
        'a_seconds_bucket{le="2",route="/x"} 2',
        'a_seconds_bucket{le="+Inf",route="/x"} 2',
        'a_seconds_sum{route="/x"} 2',
        'a_seconds_count{route="/x"} 2',
        'a_seconds_bucket{le="1",route="/y"} 0',
        'a_seconds_bucket{le="2",route="/y"} 0',
        'a_seconds_bucket{le="+Inf",route="/y"} 1',
        'a_seconds_sum{route="/y"} 9',
        'a_seconds_count{route="/y"} 1',
        "",
        "# HELP b_seconds h",
        "# TYPE b_seconds histogram",
        'b_seconds_bucket{le="1"} 0',
        'b_seconds_bucket{le="2"} 0',
        'b_seconds_bucket{le="+Inf"} 0',
        "b_seconds_sum 0",
        "b_seconds_count 0",
        "",
      ].join("\n"),
    );
    expect((await plain.get()).values).toHaveLength(5);
  });
});
