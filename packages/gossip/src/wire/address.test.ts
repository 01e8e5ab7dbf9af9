import fc from "fast-check";
import { isIPv4, isIPv6 } from "node:net";
import { hex, toHex } from "../test-support/bytes.ts";
import { hostBytes, hostOf } from "./address.ts";
import { attempt } from "./refusal.ts";

describe("addresses of interfaces", () => {
  it.each([
    ["7f000001", "127.0.0.1"],
    ["00000000000000000000ffff7f000001", "127.0.0.1"],
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000000000001", "::1"],
    ["20010db8000000000000000000000001", "2001:db8::1"],
    ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
    ["20010000000000010000000000000001", "2001:0:0:1::1"],
    ["20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
    ["fe800000000000000000000000000000", "fe80::"],
  ])("%s is %s", (bytes, host) => {
    expect(hostOf(hex(bytes))).toBe(host);
    const back = hostBytes(host);
    expect(back === null ? null : hostOf(back)).toBe(host);
  });

  it("every text that Node takes for an address becomes one canonical text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (host) => {
        const bytes = hostBytes(host);
        expect(bytes).not.toBeNull();
        const canonical = hostOf(bytes!);
        expect(isIPv4(canonical) || isIPv6(canonical)).toBe(true);
        expect(toHex(hostBytes(canonical)!)).toBe(toHex(bytes!));
      }),
    );
  });

  it.each([
    "",
    "localhost",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "::1::",
    "1:2",
    ":::",
    "fe80::1%eth0",
  ])("%j is none", (host) => {
    expect(hostBytes(host)).toBeNull();
  });

  it("other lengths than 4 and 16 are refused", () => {
    for (const length of [0, 3, 5, 15, 17]) {
      expect(attempt(() => hostOf(new Uint8Array(length)))).toMatchObject({
        refusal: { reason: "type" },
      });
    }
  });
});
