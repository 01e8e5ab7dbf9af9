import { readConfig } from "./config.ts";

const read = (args: string) => readConfig(args.split(" "), {});

describe("--bootstrap-expect", () => {
  it.each([
    { given: "--bootstrap-expect=1", is: { bootstrapExpect: 1, join: [] } },
    {
      given: "--bootstrap-expect=15 --join=8081",
      is: { bootstrapExpect: 15, join: ["127.0.0.1:8081"], peers: [] },
    },
    // All nodes of a list may be given the same flags.
    { given: "--port=1 --bootstrap-expect=3 --join=1", is: { bootstrapExpect: 3, join: [] } },
    { given: "--join=8081", is: { bootstrapExpect: null } },
  ])("$given", async ({ given, is }) => {
    expect(await read(given)).toMatchObject({ kind: "config", config: is });
  });

  it.each([
    {
      given: "--bootstrap-expect=3 --peers=8081,8082",
      says: "--peers names all first members, --bootstrap-expect has them found: use one of them (with --join=<any of the nodes>)",
    },
    {
      given: "--bootstrap-expect=3 --gossip-port=off",
      says: "--bootstrap-expect finds the others by gossip: drop --gossip-port=off",
    },
    {
      given: "--bootstrap-expect=3 --host=0.0.0.0",
      says: "--host=0.0.0.0 means every interface, which is not an address that the other nodes can use: add --advertise=host:port",
    },
    {
      given: "--bootstrap-expect=0",
      says: '--bootstrap-expect: "0" is not a whole number from 1 to 15',
    },
    {
      given: "--bootstrap-expect=16",
      says: '--bootstrap-expect: "16" is not a whole number from 1 to 15',
    },
    {
      given: "--mode=eventual --bootstrap-expect=3",
      says: "--bootstrap-expect belongs to --mode=raft, and this node has --mode=eventual; in eventual mode name the nodes with --peers",
    },
  ])("is refused: $given", async ({ given, says }) => {
    expect(await read(given)).toEqual({ kind: "problems", problems: [says] });
  });
});
