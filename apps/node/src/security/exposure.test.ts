import { readConfig } from "../config/config.ts";
import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { TestNodes } from "../test-support/test-node.ts";
import { warnings } from "./warnings.ts";

const tls = "--tls-cert=c --tls-key=k";
const read = (flags: string): ReturnType<typeof readConfig> =>
  readConfig(flags.split(" ").filter(Boolean), {});

test.each([
  {
    flags: "--host=0.0.0.0",
    says: /opens this node to the network.*--peer-secret-file.*--insecure/,
  },
  { flags: "--host=10.0.0.5", says: /opens this node/ },
  { flags: "--mode=eventual --host=10.0.0.5", says: /opens this node/ },
  { flags: `--host=10.0.0.5 ${tls}`, says: /opens this node/ },
  {
    flags: `--host=10.0.0.5 ${tls} --tls-ca=a --tls-client-auth=optional`,
    says: /opens this node/,
  },
  { flags: `${tls} --tls-client-auth=require`, says: /say with --tls-ca who signs them/ },
  { flags: "--tls-cert=c", says: /needs both --tls-cert and --tls-key/ },
  { flags: "--tls-ca=a", says: /needs both/ },
  { flags: "--auth-file=f --peers=8081", says: /give all nodes one --peer-secret-file as well/ },
  { flags: "--auth-file=f --join=8081", says: /--peer-secret-file as well/ },
  { flags: "--auth-file=f --bootstrap-expect=3", says: /--peer-secret-file as well/ },
  { flags: "--rate-limit=1/s --peers=8081", says: /would count again.*--peer-secret-file/ },
  { flags: "--rate-limit-namespace=1/s --join=8081", says: /would count again/ },
  { flags: "--mode=eventual --auth-file=f --newnode=8081", says: /--peer-secret-file as well/ },
])("$flags is refused", async ({ flags, says }) => {
  const result = await read(flags);
  expect(result).toMatchObject({ kind: "problems", problems: [expect.stringMatching(says)] });
});

test.each([
  { flags: "", warned: [] },
  { flags: "--host=127.0.0.2 --auth-file=f", warned: [] },
  { flags: "--rate-limit=1/s", warned: [] },
  { flags: "--host=127.0.0.1 --advertise=127.0.0.2:8081", warned: [] },
  {
    flags: "--advertise=n1.example:8080",
    warned: [/^--advertise=n1.example:8080 .* listens on 127.0.0.1, .* give it --host=0.0.0.0/],
  },
  { flags: "--mode=eventual --rate-limit=1/s --peers=8081", warned: [] },
  { flags: "--auth-file=f --peer-secret-file=s --peers=8081", warned: [] },
  {
    flags: "--host=0.0.0.0 --peer-secret-file=s",
    warned: [/clients need no token/, /gossip on 0.0.0.0 is not encrypted/],
  },
  {
    flags: "--host=0.0.0.0 --peer-secret-file=s --auth-file=f --gossip-port=off",
    warned: [/tokens are not encrypted/],
  },
  {
    flags: `--host=0.0.0.0 ${tls} --tls-ca=a --tls-client-auth=require --auth-file=f --gossip-key-file=g`,
    warned: [],
  },
  {
    flags: "--host=0.0.0.0 --insecure --gossip-port=off",
    warned: [/^--insecure: 0.0.0.0 is open.*pass for a node/, /clients need no token/],
  },
])("$flags is taken, with $warned.length warnings", async ({ flags, warned }) => {
  const result = await read(flags);
  if (result.kind !== "config") throw new Error(JSON.stringify(result));
  expect(warnings(result.config)).toEqual(
    warned.map((text) => expect.stringMatching(text) as string),
  );
});

test("a node that nobody finds where it says to be says so when it starts", async () => {
  for (const nodes of [new TestNodes(), new EventualNodes()]) {
    try {
      const { lines } = await nodes.single("--advertise=n1.example:8080");
      expect(lines.join("\n")).toContain("which only this machine can reach");
    } finally {
      await nodes.end();
    }
  }
});
