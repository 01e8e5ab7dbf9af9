import { CounterMachine } from "./counter-machine.ts";
import {
  add,
  create,
  feeder,
  group,
  inPieces,
  key,
  next,
  remove,
  restore,
  richConfig,
  snapshotBytes,
  withKey,
} from "./test-support/building.ts";

/** Logs as the first release wrote them, and the snapshots that it made of them. */
const ofVersion1 = [
  {
    log: [
      `01ac02f4036464038201610202016b${"07".repeat(16)}010162030102017a0201`,
      `0100f4036464018301016104012c0172${"08".repeat(16)}`,
    ],
    snapshot:
      "434e545201ac02010201610304012c0202017a02020102010161206b07070707070707070707070707070707a00602" +
      "00020102020001207208080808080808080808080808080808a006010201002b7a1f24",
  },
  {
    log: [
      `0105f40364640681036f75748002${"ff".repeat(128)}0178${"01".repeat(16)}81036f7574020101` +
        "790101010101010101010101010101010182016e0205016e0202020202020202020202020202020282016e02" +
        "01016f020202020202020202020202020202028301016d030401710202020202020202020202020202020201" +
        "016d0209",
    ],
    snapshot:
      `434e545201050102016d010205016e0202060503016f75742078${"01".repeat(16)}f903018002` +
      `${"ff".repeat(128)}0003016f75742079${"01".repeat(16)}f9030301016e206e${"02".repeat(16)}f903` +
      `02000201020501016e206f${"02".repeat(16)}f903010206020500012071${"02".repeat(16)}f9030102010098` +
      "961436",
  },
];

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

describe("a snapshot", () => {
  it.each(ofVersion1)("of version 1 is what its log gives ($#)", async ({ log, snapshot }) => {
    const restored = new CounterMachine();
    await restored.restore(inPieces(bytesOf(snapshot)));
    const replayed = new CounterMachine();
    replayed.apply(log.map((hex, at) => ({ index: at + 1, term: 1, data: bytesOf(hex) })));
    expect(replayed.digest()).toBe(restored.digest());
    expect(replayed.revision).toBe(0);
    // Whatever each began with, they count alike from now on.
    const operations = [next(2n, key("k", 7), "a"), add(1n, null, "m"), next(1n, null, "z")];
    const results = [restored, replayed].map((machine) =>
      feeder(machine, { at: 9 }, 9)(operations),
    );
    expect(results[0]).toEqual(results[1]);
    expect(replayed.digest()).toBe(restored.digest());
    expect(replayed.revision).toBeGreaterThan(0);
  });

  it("has the bytes of version 2, for ever", () => {
    expect(Buffer.from(snapshotBytes(new CounterMachine())).toString("hex")).toMatchInlineSnapshot(
      `"434e5452020000000000a8b9a8e9"`,
    );
    const machine = new CounterMachine();
    const feed = feeder(machine, { keyWindowMs: 500 });
    feed([next(2n, key("k", 7), "a"), add(-1n, null, "b"), next(1n, null, "z")], { at: 300 });
    feed([restore({ a: 300n }, key("r", 8))]);
    expect(Buffer.from(snapshotBytes(machine)).toString("hex")).toMatchInlineSnapshot(
      `"434e545202ac0201040201610304012c02020400017a02020102010161206b07070707070707070707070707070707a0060105000102020002010001207208080808080808080808080808080808a0060100010402010071089699"`,
    );
    feed([
      withKey(create(richConfig, "rich"), "c"),
      withKey(create({}, "rich"), "d"),
      group(withKey(add(-1n, null, "a"), "g#0"), withKey(next(2n, null, "rich"), "g#1")),
      withKey(remove("none"), "h"),
    ]);
    expect(Buffer.from(snapshotBytes(machine)).toString("hex")).toMatchInlineSnapshot(
      `"434e545202ac0201070301610304012b02020600017a0202010472696368030403fc0403fc07ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b89929acba992907010161206b07070707070707070707070707070707a0060105000102020002010001207208080808080808080808080808080808a00601000104020100040172696368206301010101010101010101010101010101a006010c01050403e80403e8ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b89929040172696368206401010101010101010101010101010101a0060204010403e80105010001124000000000000000000103612067233001010101010101010101010101010101a0060100010604012b04012c0403726963682067233101010101010101010101010101010101a006010301070403fc0403e80403f2020a04016e6f6e65206801010101010101010101010101010101a006020300dc056e5a"`,
    );
  });
});
