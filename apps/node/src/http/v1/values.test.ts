import {
  digitsMax,
  integerIn,
  labelsPatch,
  labelsSchema,
  positiveIn,
  timeText,
  ttlIn,
} from "./values.ts";

describe("whole numbers", () => {
  it.each([
    { given: "0", read: 0n },
    { given: "-0", read: 0n },
    { given: -0, read: 0n },
    { given: 42, read: 42n },
    { given: 2 ** 53 - 1, read: 9007199254740991n },
    { given: "-12345678901234567890", read: -12345678901234567890n },
    { given: "1".repeat(308), read: BigInt("1".repeat(308)) },
  ])("$given", ({ given, read }) => {
    expect(integerIn.parse(given)).toBe(read);
  });

  it.each([
    { given: 2 ** 53, code: "unsafe-integer" },
    { given: 1e300, code: "unsafe-integer" },
    { given: 0.5, code: "validation-failed" },
    { given: NaN, code: "validation-failed" },
    { given: "+1", code: "validation-failed" },
    { given: "01", code: "validation-failed" },
    { given: "1e3", code: "validation-failed" },
    { given: "", code: "validation-failed" },
    { given: null, code: "validation-failed" },
    { given: true, code: "validation-failed" },
    { given: ["1"], code: "validation-failed" },
    { given: "9".repeat(digitsMax), code: "delta-too-large" },
    { given: "9".repeat(digitsMax + 1), code: "delta-too-large" },
  ])("$given is $code", ({ given, code }) => {
    const [issue] = integerIn.safeParse(given).error?.issues ?? [];
    expect(issue).toMatchObject({ params: { code } });
  });

  test("at least 1 where nothing less makes sense", () => {
    expect(positiveIn.parse("1")).toBe(1n);
    expect(positiveIn.safeParse("0").success).toBe(false);
  });
});

describe("times", () => {
  it.each([
    { given: "1ms", ms: 1, text: "1ms" },
    { given: "1500ms", ms: 1500, text: "1500ms" },
    { given: "60s", ms: 60_000, text: "1m" },
    { given: "24h", ms: 86_400_000, text: "24h" },
    { given: "366d", ms: 366 * 86_400_000, text: "8784h" },
  ])("$given is $ms ms, and is shown as $text", ({ given, ms, text }) => {
    expect(ttlIn.parse(given)).toBe(ms);
    expect(timeText(ms)).toBe(text);
  });

  it.each(["0", "0ms", "367d", "8785h", "-1s", "1 day", ""])("%s is none", (given) => {
    expect(ttlIn.safeParse(given).success).toBe(false);
  });
});

test("labels are sixteen at most, of 63 and 255 characters", () => {
  const labels = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, ""]));
  const fits = (value: unknown): boolean => labelsSchema.safeParse(value).success;
  expect([fits(labels(16)), fits(labels(17))]).toEqual([true, false]);
  expect([fits({ ["k".repeat(63)]: "" }), fits({ ["k".repeat(64)]: "" })]).toEqual([true, false]);
  expect([fits({ k: "v".repeat(255) }), fits({ k: "v".repeat(256) })]).toEqual([true, false]);
});

test.each([
  ["made", labelsSchema],
  ["patched", labelsPatch],
])("a label that could not be kept is refused where labels are %s", (_how, schema) => {
  const read = schema.safeParse(JSON.parse('{"team": "a", "__proto__": "b"}'));
  expect(read.error?.issues).toMatchObject([{ path: ["__proto__"] }]);
  expect(schema.safeParse({ constructor: "b" }).data).toEqual({ constructor: "b" });
});
