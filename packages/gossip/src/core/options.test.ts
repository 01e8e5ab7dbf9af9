import { optionsOf } from "../test-support/harness.ts";
import { lanTiming, localTiming, uint32Max, validate, wanTiming } from "./options.ts";
import type { GossipLimits, GossipOptions, GossipTiming } from "./options.ts";

describe("the options", () => {
  it.each([lanTiming, wanTiming, localTiming])("have defaults that are valid", (timing) => {
    expect(() => validate({ ...optionsOf(), timing })).not.toThrow();
  });

  it.each<[string, Partial<GossipOptions>]>([
    ["name", { name: "" }],
    ["name", { name: "x".repeat(256) }],
    ["address", { address: { host: "", port: 1 } }],
    ["address", { address: { host: "10.0.0.1", port: 65_536 } }],
    ["meta", { meta: new Uint8Array(513) }],
    ["incarnation", { incarnation: -1 }],
    ["incarnation", { incarnation: uint32Max }],
    ["seed", { seed: 0.5 }],
  ])("are refused with a wrong %s", (name, wrong) => {
    expect(() => validate({ ...optionsOf(), ...wrong })).toThrow(RangeError);
    expect(() => validate({ ...optionsOf(), ...wrong })).toThrow(name);
  });

  it.each<[string, Partial<GossipTiming>]>([
    ["probeIntervalMs", { probeIntervalMs: 1 }],
    ["probeTimeoutMs", { probeTimeoutMs: 1000 }],
    ["gossipIntervalMs", { gossipIntervalMs: NaN }],
    ["awarenessMax", { awarenessMax: 0 }],
    ["tombstoneMs", { tombstoneMs: 0 }],
  ])("are refused with a wrong %s", (name, timing) => {
    expect(() => validate(optionsOf({ timing }))).toThrow(name);
  });

  it.each<[string, Partial<GossipLimits>]>([
    ["packetMaxBytes", { packetMaxBytes: 899 }],
    ["packetMaxBytes", { packetMaxBytes: 65_508 }],
    ["packetReservedBytes", { packetReservedBytes: 501 }],
    ["membersMax", { membersMax: 0 }],
    ["relaysMax", { relaysMax: 1.5 }],
  ])("are refused with a wrong %s", (name, limits) => {
    expect(() => validate(optionsOf({ limits }))).toThrow(name);
  });
});
