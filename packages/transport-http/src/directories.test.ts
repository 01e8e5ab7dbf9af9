import { numbered } from "./test-support/messages.ts";
import { Directory, Nodes } from "./test-support/node.ts";
import { ask, handshakeHeaders } from "./test-support/raw.ts";
import { turnsUntil } from "./test-support/watch.ts";

const nodes = new Nodes();
afterEach(() => nodes.closeAll());

const ends = { from: "n1", to: "n2" };

describe("one data directory for each member", () => {
  it("both ends remember each other's directory", async () => {
    const [d1, d2] = [new Directory(), new Directory()];
    await nodes.cluster({ id: "n1", knownDirectories: d1 }, { id: "n2", knownDirectories: d2 });
    expect([d1.get("n2"), d2.get("n1")]).toEqual(["directory-of-n2", "directory-of-n1"]);
  });

  it("a member that comes back with an empty disk is refused by those who knew it", async () => {
    const knownDirectories = new Directory();
    knownDirectories.ids.set("n2", "directory-before-the-wipe");
    const n1 = await nodes.listen({ id: "n1", knownDirectories });
    const wiped = await nodes.listen({ id: "n2" });
    wiped.transport.setMembers([n1.member]);
    n1.transport.setMembers([wiped.member]);
    // Whoever dials: the one that knows refuses, and the wiped one is told.
    const code = "duplicate-identity";
    await n1.event("refused", (event) => event.by === "us" && event.code === code);
    await n1.event("refused", (event) => event.by === "them" && event.code === code);
    await wiped.event("refused", (event) => event.by === "them" && event.code === code);
    await wiped.event("refused", (event) => event.by === "us" && event.code === code);
    wiped.transport.send(numbered({ from: "n2", to: "n1" }, 1));
    expect([n1.isConnected("n2"), n1.received]).toEqual([false, []]);
  });

  it("no message is delivered before the directory is durable", async () => {
    const directory = new Directory();
    const stored: (() => void)[] = [];
    const knownDirectories = {
      get: () => null,
      remember: (id: string, directoryId: string) =>
        new Promise<void>((resolve) => {
          stored.push(() => void directory.remember(id, directoryId).then(resolve));
        }),
    };
    const n2 = await nodes.listen({ id: "n2", knownDirectories });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    let answered = false;
    const answer = ask(n2.port, handshakeHeaders(ends)).finally(() => (answered = true));
    await turnsUntil(() => stored.length > 0);
    expect([answered, n2.isConnected("n1")]).toEqual([false, false]);
    stored[0]!();
    expect((await answer).status).toBe(101);
    expect(n2.isConnected("n1")).toBe(true);
  });

  it("a directory that cannot be stored means no stream, and no pin", async () => {
    let isBroken = true;
    const directory = new Directory();
    const knownDirectories = {
      get: (id: string) => directory.get(id),
      remember: async (id: string, directoryId: string) => {
        if (isBroken) throw new Error("disk full");
        await directory.remember(id, directoryId);
      },
    };
    const n2 = await nodes.listen({ id: "n2", knownDirectories });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const refused = await ask(n2.port, handshakeHeaders(ends));
    expect([refused.status, refused.body]).toEqual([
      503,
      expect.stringMatching(/not-ready.*disk full/),
    ]);
    isBroken = false;
    expect((await ask(n2.port, handshakeHeaders(ends))).status).toBe(101);
  });

  it("of two strangers with one id that come at once, the first is remembered", async () => {
    const directory = new Directory();
    const stored: (() => void)[] = [];
    const knownDirectories = {
      get: (id: string) => directory.get(id),
      remember: (id: string, directoryId: string) =>
        new Promise<void>((resolve) => {
          stored.push(() => void directory.remember(id, directoryId).then(resolve));
        }),
    };
    const n2 = await nodes.listen({ id: "n2", knownDirectories });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const first = ask(n2.port, handshakeHeaders(ends));
    await turnsUntil(() => stored.length > 0);
    const second = await ask(n2.port, {
      ...handshakeHeaders(ends),
      "Counter-Raft-Directory": "other",
    });
    expect(second.status).toBe(409);
    stored[0]!();
    expect((await first).status).toBe(101);
    expect(stored).toHaveLength(1);
  });
});

describe("a member that says it is at another address", () => {
  const elsewhere = { ...handshakeHeaders(ends), "Counter-Raft-Address": "127.0.0.1:1" };

  it("is refused while it answers where it is known to be, and heard once it does not", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const refused = await ask(n2!.port, elsewhere);
    expect([refused.status, refused.body]).toEqual([
      409,
      expect.stringMatching(/duplicate-identity.*cannot be at 127.0.0.1:1/),
    ]);
    await n1!.close();
    await turnsUntil(() => !n2!.isConnected("n1"));
    expect((await ask(n2!.port, elsewhere)).status).toBe(101);
  });

  it("is heard under the address that is known, or if it says none", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const known = { ...elsewhere, "Counter-Raft-Address": n1!.member.address };
    expect((await ask(n2!.port, known)).status).toBe(101);
    expect((await ask(n2!.port, handshakeHeaders(ends))).status).toBe(101);
  });

  it("is refused if that is no address at all", async () => {
    const [, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const answer = await ask(n2!.port, { ...elsewhere, "Counter-Raft-Address": "a b" });
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("malformed")]);
  });
});
