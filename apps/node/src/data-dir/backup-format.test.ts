import { createHash } from "node:crypto";

import { plainConfig, type CounterBackup } from "@counter/state-machine";

import { sealBackup } from "./backup-format.ts";
import { BackupParser, decodeBackup } from "./backup-parser.ts";

const counters: CounterBackup[] = [
  { name: "default", value: 2n ** 70n, issued: 2n ** 71n, config: plainConfig },
  { name: "gone", value: null, issued: 7n, config: plainConfig },
  {
    name: "seats",
    value: 3n,
    issued: null,
    config: {
      kind: "sequence",
      initial: -5n,
      min: -10n,
      max: 2n ** 64n,
      onBound: "saturate",
      step: 10n,
      labels: [
        { key: "__proto__", value: "\u{1f600}\ud800" },
        { key: "team", value: "" },
      ],
      ttlMs: 86_400_000,
    },
  },
];

async function encoded(): Promise<Uint8Array> {
  return Buffer.concat([...(await sealBackup({ index: 7, counters }, "c1")).chunks()]);
}

/** A backup file with a right hash, whatever is in it. */
function sealed(list: unknown, version: number): Uint8Array {
  const body = `${JSON.stringify(list)}\n`;
  const sha256 = createHash("sha256").update(body).digest("hex");
  const header = { format: "counter-backup", version, clusterId: "c1", index: 7, sha256 };
  return new TextEncoder().encode(`${JSON.stringify(header)}\n${body}`);
}

test("everything that a counter has comes back", async () => {
  const bytes = await encoded();
  expect(decodeBackup(bytes)).toEqual({ index: 7, counters });
});

test("people can read it, and what goes without saying is not said", async () => {
  const text = new TextDecoder().decode(await encoded());
  expect(text.split("\n").slice(1, 4)).toEqual([
    "[",
    '{"name":"default","value":"1180591620717411303424","issued":"2361183241434822606848"},',
    '{"name":"gone","issued":"7"},',
  ]);
});

test("a backup of the first release is read", () => {
  const list = [
    ["a", "18446744073709551616"],
    ["b", "-1"],
  ];
  expect(decodeBackup(sealed(list, 1)).counters).toEqual([
    { name: "a", value: 2n ** 64n, issued: null, config: plainConfig },
    { name: "b", value: -1n, issued: null, config: plainConfig },
  ]);
});

it.each<{ what: string; list: unknown; version?: number }>([
  { what: "of a later release", list: [], version: 3 },
  { what: "with a member that is unknown", list: [{ name: "a", value: "1", colour: "red" }] },
  { what: "that names a counter twice", list: [1, 2].map(() => ({ name: "a", value: "1" })) },
  { what: "that says nothing of a counter", list: [{ name: "a" }] },
  { what: "with a value beyond its bounds", list: [{ name: "a", value: "1", min: "2" }] },
  { what: "with a step of zero", list: [{ name: "a", value: "1", step: "0" }] },
  { what: "with a number out of range", list: [{ name: "a", value: `${2n ** 1024n}` }] },
  { what: "with a number that is no text", list: [{ name: "a", value: 1 }] },
  { what: "with a name that is none", list: [{ name: "a b", value: "1" }] },
  {
    what: "with a label named twice",
    list: [{ name: "a", value: "1", labels: [1, 2].map(() => ["x", "y"]) }],
  },
])("a backup $what is refused", ({ list, version = 2 }) => {
  expect(() => decodeBackup(sealed(list, version))).toThrow(/damaged/);
});

test("every change of a single byte is noticed", async () => {
  const bytes = await encoded();
  const body = bytes.indexOf(10) + 1;
  for (let place = body; place < bytes.length; place += 1) {
    const damaged = Uint8Array.from(bytes);
    damaged[place]! ^= 1;
    expect(() => decodeBackup(damaged)).toThrow(/damaged/);
  }
  expect(() => decodeBackup(bytes.subarray(0, -1))).toThrow(/damaged/);
});

test("its hashes and its length are known before it is sent, however large it is", async () => {
  const many = Array.from({ length: 60_000 }, (_, at) => {
    return { name: `counter-${at}`, value: BigInt(at), issued: null, config: plainConfig };
  });
  for (const list of [[], counters, many]) {
    const sealed = await sealBackup({ index: 7, counters: list }, "c1");
    for (const bytes of [1, 2].map(() => Buffer.concat([...sealed.chunks()]))) {
      expect(bytes.length).toBe(sealed.bytes);
      expect(createHash("sha256").update(bytes).digest()).toEqual(sealed.sha256);
      expect(decodeBackup(bytes)).toEqual({ index: 7, counters: list });
    }
    expect(sealed.counters).toBe(list.length);
  }
});

test.each([1, 2, 7, 1000])("it is read in pieces of %d bytes as well", async (size) => {
  const bytes = await encoded();
  const parser = new BackupParser();
  const found: CounterBackup[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    found.push(...parser.push(bytes.subarray(at, at + size)));
  }
  expect(parser.end()).toEqual({ index: 7, clusterId: "c1", counters: counters.length });
  expect(found).toEqual(counters);
});

test("a counter that never ends is refused before it fills the memory", () => {
  const parser = new BackupParser();
  const header = { format: "counter-backup", version: 2, clusterId: "c1", index: 7, sha256: "" };
  const head = Buffer.from(`${JSON.stringify(header)}\n[{"name":"`);
  const push = (bytes: Uint8Array): unknown => [...parser.push(bytes)];
  push(head);
  expect(() => {
    for (let count = 0; count < 10; count += 1) push(Buffer.alloc(16_384, "a"));
  }).toThrow(/damaged/);
  expect(() => [...new BackupParser().push(Buffer.alloc(70_000, "a"))]).toThrow(/damaged/);
});
