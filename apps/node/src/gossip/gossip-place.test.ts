import { logTo } from "../test-support/log-lines.ts";
import { gossipPlace } from "./gossip-place.ts";

describe("where a node gossips", () => {
  it.each([
    {
      given: { host: "127.0.0.1", address: "127.0.0.1:8080" },
      place: { bindHost: "127.0.0.1", advertiseHost: "127.0.0.1" },
    },
    {
      given: { host: "0.0.0.0", address: "0.0.0.0:8080" },
      place: { bindHost: "0.0.0.0", advertiseHost: null },
    },
    {
      given: { host: "0.0.0.0", address: "10.0.0.5:8080" },
      place: { bindHost: "0.0.0.0", advertiseHost: "10.0.0.5" },
    },
    {
      given: { host: "::", address: "[fd00::5]:8080" },
      place: { bindHost: "::", advertiseHost: "fd00::5" },
    },
    {
      given: { host: "0.0.0.0", address: "localhost:8080" },
      place: { bindHost: "0.0.0.0", advertiseHost: "127.0.0.1" },
    },
  ])("$given.host as $given.address", async ({ given, place }) => {
    expect(await gossipPlace(given, logTo([]))).toEqual(place);
  });

  it("is found out, with a warning, if the name of --advertise stands for nothing", async () => {
    const lines: string[] = [];
    const given = { host: "0.0.0.0", address: "no-such-host.invalid:8080" };
    expect(await gossipPlace(given, logTo(lines))).toMatchObject({ advertiseHost: null });
    expect(lines).toEqual([
      "warn: gossip: no-such-host.invalid of --advertise stands for no address",
    ]);
  });

  it("is nowhere, with exit code 5, if the name of --host stands for nothing", async () => {
    const given = { host: "no-such-host.invalid", address: "no-such-host.invalid:8080" };
    await expect(gossipPlace(given, logTo([]))).rejects.toMatchObject({ exitCode: 5 });
  });
});
