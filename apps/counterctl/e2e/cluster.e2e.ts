import { withCluster } from "../../node/e2e/support/cluster.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

describe("the cluster", () => {
  it("is shown, waited for, drained, and led by whom one asks to", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      cluster.nodes.forEach((node) => node.start());
      expect(await printed(on, "wait", "--ready", "--for", "100")).toMatch(/( ready\n?){1,3}/);
      const table = await printed(on, "status");
      expect(table.split("\n")).toHaveLength(4);
      expect(table.match(/\bleader\b/g)).toHaveLength(1);
      expect(
        await printed({ endpoints: on.endpoints.slice(0, 1) }, "status", "--all"),
      ).toBeTruthy();
      expect((await printed(on, "members", "list")).split("\n")).toHaveLength(4);

      const [follower] = await cluster.followers();
      const moved = await printed(on, "leader", "transfer", follower!.address);
      expect(moved).toBe(`${follower!.address} leads`);

      const one: Terminal = { endpoints: [follower!.address] };
      await printed(one, "node", "drain");
      expect(await run(one, "node", "health")).toMatchObject({ code: 5 });
      expect(await printed(on, "add", "orders", "1")).toBe("1"); // the others take it
      await printed(one, "node", "undrain");
      expect(await printed(one, "wait", "--for", "100")).toContain("ready");

      const [dead] = await cluster.followers();
      await dead!.kill();
      const partly = await run(on, "status");
      expect(partly.code).toBe(5);
      expect(partly.out).toContain("unreachable");
      expect(await printed(on, "members", "remove", dead!.address)).toContain("removed");
      expect((await run(on, "members", "remove", "nobody:1")).code).toBe(3);
    }));

  it("is left alone by commands that make no sense", () =>
    withCluster({ nodes: 1 }, async (cluster) => {
      await cluster.start();
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      for (const words of [
        ["nonsense"],
        ["add", "x", "1.5"],
        ["members"],
        ["get"],
        ["wait", "--for", "x"],
      ]) {
        expect(await run(on, ...words)).toMatchObject({ code: 2, out: "" });
      }
      expect(await printed(on, "list")).toBe("NAME  VALUE  KIND  LABELS");
      const elsewhere = await run(on, "drain");
      expect(elsewhere.code).toBe(2);
      expect(elsewhere.error).toContain("Did you mean node drain?");
      expect(await printed(on, "--version")).toMatch(/^[1-9]?\d*\.\d+\.\d+$/);
    }));
});
