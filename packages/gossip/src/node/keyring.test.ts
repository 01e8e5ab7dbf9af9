import { thrown } from "../test-support/thrown.ts";
import { Keyring, KEYRING_MAX_KEYS } from "./keyring.ts";

const key = (byte: number, length: number = 32): Uint8Array => new Uint8Array(length).fill(byte);
const text = Buffer.from("some text");
const none = new Uint8Array(0);

describe("a keyring", () => {
  it.each([16, 24, 32])("seals and opens with a key of %d bytes", (length) => {
    const sealed = new Keyring(key(1, length)).seal(text, none);
    expect(Buffer.from(new Keyring(key(1, length)).open(sealed, none)!)).toEqual(text);
    expect(new Keyring(key(2, length)).open(sealed, none)).toBeNull();
    expect(new Keyring(key(1, length)).open(sealed, Buffer.from("x"))).toBeNull();
  });

  it("never seals twice alike: the nonce is fresh", () => {
    const ring = new Keyring(key(1));
    const nonces = Array.from({ length: 100 }, () =>
      Buffer.from(ring.seal(text, none).subarray(0, 12)).toString("hex"),
    );
    expect(new Set(nonces).size).toBe(100);
  });

  it("at every stage of a rotation a member opens what another one seals, one stage apart", () => {
    const [before, after] = [key(1), key(2)];
    const stages = [
      new Keyring(before),
      new Keyring(before, [after]),
      new Keyring(after, [before]),
      new Keyring(after),
    ];
    for (let stage = 0; stage + 1 < stages.length; stage += 1) {
      const [older, newer] = [stages[stage]!, stages[stage + 1]!];
      expect(newer.open(older.seal(text, none), none)).not.toBeNull();
      expect(older.open(newer.seal(text, none), none)).not.toBeNull();
    }
    // Two stages apart they part: so each stage is for all before the next one begins.
    expect(stages[0]!.open(stages[2]!.seal(text, none), none)).toBeNull();
  });

  it("changes hold from the next message on, and the primary key comes first", () => {
    const ring = new Keyring(key(1));
    ring.install(key(2));
    ring.install(key(2));
    ring.use(key(2));
    expect(ring.keys).toEqual([key(2), key(1)]);
    ring.remove(key(1));
    ring.remove(key(1));
    expect(ring.keys).toEqual([key(2)]);
  });

  it.each([
    ["GOSSIP_KEY_LENGTH", (ring: Keyring) => ring.install(key(1, 20))],
    ["GOSSIP_KEY_UNKNOWN", (ring: Keyring) => ring.use(key(9))],
    ["GOSSIP_KEY_PRIMARY", (ring: Keyring) => ring.remove(key(1))],
  ])("refuses with %s", (code, change) => {
    expect(thrown(() => change(new Keyring(key(1))))).toMatchObject({ code });
  });

  it("holds sixteen keys and no more", () => {
    const ring = new Keyring(key(0));
    for (let byte = 1; byte < KEYRING_MAX_KEYS; byte += 1) ring.install(key(byte));
    expect(thrown(() => ring.install(key(99)))).toMatchObject({ code: "GOSSIP_KEYRING_FULL" });
  });

  it("a change of what `keys` answered changes nothing", () => {
    const ring = new Keyring(key(1));
    ring.keys[0]!.fill(7);
    expect(ring.keys[0]).toEqual(key(1));
  });
});
