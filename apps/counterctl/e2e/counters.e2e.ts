import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { withCluster } from "../../node/e2e/support/cluster.ts";
import { withEventual } from "../../node/e2e/support/eventual.ts";
import { begin, printed, run, type Terminal } from "./counterctl.ts";

describe("counters of strong mode", () => {
  it("are counted, bounded, described and deleted, with exit codes for scripts", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      await cluster.start();

      expect(await printed(on, "add", "orders", "18446744073709551616")).toBe(
        "18446744073709551616",
      );
      expect(await printed(on, "add", "orders", "-6")).toBe("18446744073709551610");
      expect(await printed(on, "add", "once", "5", "--key", "k1")).toBe("5");
      expect(await printed(on, "add", "once", "5", "--key", "k1")).toBe("5");

      await printed(on, "create", "seats", "--initial", "10", "--min", "0", "--label", "hall=1");
      const refused = await run(on, "add", "seats", "-11");
      expect(refused.code).toBe(4);
      expect(refused.error).toContain("[bound-exceeded]");
      expect(refused.error).toContain("hint: ");
      const shown: unknown = JSON.parse(await printed(on, "describe", "seats", "-o", "json"));
      expect(shown).toMatchObject({ value: "10", min: "0", labels: { hall: "1" } });
      expect((await run(on, "create", "seats")).code).toBe(4);
      expect((await run(on, "cas", "seats", "9", "8")).code).toBe(4);
      expect(await printed(on, "cas", "seats", "10", "8")).toBe("8");
      expect(await printed(on, "reset", "seats")).toBe("10");

      expect(await printed(on, "next", "numbers")).toBe("1");
      expect(await printed(on, "next", "numbers", "--count", "10")).toBe("2..11 step 1");

      expect(await printed(on, "list", "se")).toMatch(/^NAME +VALUE.*\nseats +10/);
      await printed(on, "delete", "seats");
      expect((await run(on, "get", "seats")).code).toBe(3);
      expect((await run(on, "get", "orders", "--consistency", "nonsense")).code).toBe(2);
      expect((await run(on, "ad", "orders", "1")).error).toContain("Did you mean add?");
    }));

  it("are changed several at a time, from a file or standard input", () =>
    withCluster({ nodes: 1 }, async (cluster) => {
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      await cluster.start();
      const dir = await mkdtemp(join(tmpdir(), "counterctl-"));
      try {
        const file = join(dir, "moves.json");
        const add = (counter: string, delta: string): object => ({ op: "add", counter, delta });
        await writeFile(file, JSON.stringify([add("a", "5"), add("b", "7")]));
        expect(await printed(on, "batch", file)).toMatch(/add +a +5\n.*add +b +7/);
        const lines = [add("a", "1"), { op: "cas", counter: "b", expected: "0", value: "1" }];
        const input = lines.map((line) => JSON.stringify(line)).join("\n");
        const atomic = await run({ ...on, input }, "batch");
        expect(atomic.code).toBe(4);
        expect(await printed(on, "get", "a")).toBe("5");
        const each = await run({ ...on, input }, "batch", "--no-atomic", "-o", "json");
        expect(each.code).toBe(4);
        expect(JSON.parse(each.out)).toMatchObject([
          { ok: true, result: { value: "6" } },
          { ok: false, error: { code: "version-mismatch" } },
        ]);
        const wrong = await run({ ...on, input: '{"op":"add","counter":"a"}' }, "batch");
        expect(wrong).toMatchObject({ code: 2 });
        expect(wrong.error).toContain("operation 0: delta must be a whole number");
      } finally {
        await rm(dir, { recursive: true });
      }
    }));
});

describe("counters of eventual mode", () => {
  it("are counted at every node, and described with who counted what", () =>
    withEventual({ nodes: 3 }, async (cluster) => {
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      await cluster.start();
      expect(await printed(on, "add", "likes", "5", "--ack", "all")).toBe("5");
      for (const endpoint of on.endpoints) {
        expect(await printed({ endpoints: [endpoint] }, "get", "likes")).toBe("5");
      }
      await printed(on, "create", "labelled", "--label", "a=b");
      expect(await printed(on, "describe", "labelled", "-o", "yaml")).toContain("mode: eventual");
      const refused = await run(on, "next", "likes");
      expect(refused.code).toBe(4);
      expect(refused.error).toContain("[mode-mismatch]");
    }));
});

describe("the way to a cluster", () => {
  it("is a flag, the environment, or a name that was given to it", () =>
    withCluster({ nodes: 1 }, async (cluster) => {
      const [node] = cluster.nodes;
      await cluster.start();
      const dir = await mkdtemp(join(tmpdir(), "counterctl-"));
      const nowhere: Terminal = {
        endpoints: [],
        env: { COUNTERCTL_CONFIG: join(dir, "contexts.yaml") },
      };
      try {
        const address = node!.address;
        await printed(nowhere, "context", "set", "here", "-e", address);
        expect(await printed(nowhere, "add", "x", "1")).toBe("1");
        await printed(nowhere, "context", "set", "lost", "-e", "127.0.0.1:9");
        const lost = await run(nowhere, "get", "x", "--timeout", "1");
        expect(lost).toMatchObject({ code: 5 });
        expect(await printed(nowhere, "get", "x", "--context", "here")).toBe("1");
        expect(await printed(nowhere, "-e", address, "get", "x")).toBe("1");
        expect((await run(nowhere, "get", "x", "--context", "there")).code).toBe(2);
        expect(await printed(nowhere, "context", "list")).toContain("* lost");
      } finally {
        await rm(dir, { recursive: true });
      }
    }));

  it("ends with 6 and the key when nobody knows what became of a write", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      const [first, ...others] = cluster.nodes;
      await Promise.all(others.map((node) => node.kill()));
      const writing = begin(
        { endpoints: [first!.address] },
        "add",
        "x",
        "1",
        "--timeout",
        "8",
        "-o",
        "json",
      );
      const { code, error } = await writing.ended;
      const said = JSON.parse(error) as {
        readonly error: { readonly code: string; readonly hint: string };
      };
      // Without a majority either nothing was begun, or nobody can tell.
      expect([5, 6]).toContain(code);
      if (code === 6) expect(said.error.hint).toContain("--key ");
      await Promise.all(others.map((node) => Promise.resolve(node.start())));
      await cluster.ready();
    }));
});
