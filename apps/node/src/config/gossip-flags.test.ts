import { readConfig } from "./config.ts";

const read = (args: string): ReturnType<typeof readConfig> =>
  readConfig(args.split(" ").filter(Boolean), {});

describe("the port of gossip", () => {
  it.each([
    { given: "", gossipPort: 18_080 },
    { given: "--port=55535", gossipPort: 65_535 },
    { given: "--port=55536", gossipPort: 45_536 },
    { given: "--gossip-port=7946", gossipPort: 7946 },
    { given: "--gossip-port=0", gossipPort: 0 },
    { given: "--mode=eventual --gossip-port=off", gossipPort: null },
  ])("$given: $gossipPort", async ({ given, gossipPort }) => {
    expect(await read(given)).toMatchObject({ kind: "config", config: { gossipPort } });
  });

  it.each([
    {
      given: "--gossip-port=65536",
      says: '--gossip-port: "65536" is neither a port (0 to 65535) nor "off"',
    },
    {
      given: "--gossip-port=8080",
      says: "--gossip-port=8080 is the port for clients: choose another one",
    },
  ])("$given is refused", async ({ given, says }) => {
    expect(await read(given)).toEqual({ kind: "problems", problems: [says] });
  });
});

test("the file of keys is none unless it is named", async () => {
  expect(await read("")).toMatchObject({ config: { gossipKeyFile: null } });
  expect(await read("--gossip-key-file=k")).toMatchObject({ config: { gossipKeyFile: "k" } });
});
