import { thrown } from "../test-support/thrown.ts";
import { advertisedHost, isLoopback, type Interfaces } from "./advertise.ts";

const lo = [
  { address: "127.0.0.1", internal: true },
  { address: "::1", internal: true },
];
const eth0 = [
  { address: "10.0.0.5", internal: false },
  { address: "2001:db8::5", internal: false },
  { address: "fe80::1%eth0", internal: false },
];
const one: Interfaces = { lo, eth0 };
const two: Interfaces = { lo, eth0, docker0: [{ address: "172.17.0.1", internal: false }] };

describe("what the others are told", () => {
  it.each([
    ["an address that was asked for", "192.0.2.1", "0.0.0.0", two, "192.0.2.1"],
    ["a mapped address, as IPv4", "::ffff:192.0.2.1", "::", two, "192.0.2.1"],
    ["the address of an interface", "docker0", "0.0.0.0", two, "172.17.0.1"],
    ["the address that the sockets are bound to", undefined, "10.0.0.9", two, "10.0.0.9"],
    ["the only one that there is", undefined, "0.0.0.0", one, "10.0.0.5"],
    ["IPv4 on both families", undefined, "::", one, "10.0.0.5"],
    ["IPv6 if that is all", undefined, "::", { lo, eth0: eth0.slice(1) }, "2001:db8::5"],
    ["loopback if there is nothing else", undefined, "0.0.0.0", { lo }, "127.0.0.1"],
    ["loopback of IPv6", undefined, "::", { lo: lo.slice(1) }, "::1"],
  ])("%s", (_what, wanted, bound, interfaces, host) => {
    expect(advertisedHost(wanted, bound, interfaces)).toBe(host);
  });

  it("it is never guessed among several", () => {
    expect(thrown(() => advertisedHost(undefined, "0.0.0.0", two))).toMatchObject({
      code: "GOSSIP_ADVERTISE",
      candidates: ["10.0.0.5", "172.17.0.1"],
    });
  });

  it("an interface that does not exist, or has no use, is told", () => {
    expect(() => advertisedHost("eth9", "0.0.0.0", two)).toThrow(
      "neither an address nor an interface",
    );
    const linkOnly = { eth1: [{ address: "fe80::1", internal: false }] };
    expect(() => advertisedHost("eth1", "::", linkOnly)).toThrow("no usable address");
  });

  it("only this machine can reach loopback", () => {
    expect(["127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "::2"].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
