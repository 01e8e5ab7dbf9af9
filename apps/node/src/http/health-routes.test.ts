import type { ApiReply, ApiRequest, Route } from "./api.ts";
import { healthRoutes, type Health } from "./health-routes.ts";

let problem: string | null;
let confirmed: () => Promise<unknown>;
beforeEach(() => {
  problem = null;
  confirmed = () => Promise.resolve();
});

const health: Health = {
  live: [{ name: "loop", problem: () => null }],
  ready: [
    { name: "leader", problem: () => problem },
    { name: "draining", problem: () => null },
  ],
  serving: [{ name: "draining", problem: () => null }],
  sync: () => confirmed(),
};

async function ask(url: string, accept?: string): Promise<ApiReply> {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const [, probe = "", check] = pathname.split("/");
  const path = check === undefined ? `/${probe}` : `/${probe}/:check`;
  const route: Route | undefined = healthRoutes(health).find((other) => other.path === path);
  if (route === undefined) throw new Error(`no route ${path}`);
  const request: ApiRequest = {
    method: "GET",
    path: pathname,
    query: searchParams,
    headers: accept === undefined ? {} : { accept },
    body: new Uint8Array(0),
    ...(check === undefined ? {} : { params: { check } }),
  };
  return route.handle(request);
}

describe("probes", () => {
  it("answer 503 with what is wrong, and 200 with one word", async () => {
    expect(await ask("/readyz")).toMatchObject({ status: 200, body: "ok" });
    problem = "nobody leads";
    expect(await ask("/readyz")).toMatchObject({
      status: 503,
      headers: { "retry-after": "1" },
      body: "[-]leader failed: nobody leads\n",
    });
    expect(await ask("/livez")).toMatchObject({ status: 200 });
  });

  it("tell people about every check", async () => {
    problem = "nobody leads";
    expect((await ask("/readyz?verbose")).body).toBe(
      "[-]leader failed: nobody leads\n[+]draining ok\n",
    );
  });

  it("leave out what is excluded, and refuse a name that is none", async () => {
    problem = "nobody leads";
    expect(await ask("/readyz?exclude=leader")).toMatchObject({ status: 200 });
    expect(await ask("/readyz?exclude=leader,draining&verbose")).toMatchObject({ body: "ok" });
    await expect(ask("/readyz?exclude=leeder")).rejects.toMatchObject({
      code: "validation-failed",
    });
  });

  it("have a path for every check", async () => {
    problem = "nobody leads";
    expect(await ask("/readyz/draining")).toMatchObject({ status: 200 });
    expect(await ask("/readyz/leader")).toMatchObject({ status: 503 });
    await expect(ask("/livez/leader")).rejects.toMatchObject({ code: "not-found" });
  });

  it("ask a majority with ?sync, and say that none answered", async () => {
    expect((await ask("/readyz?sync&verbose")).body).toContain("[+]sync ok\n");
    confirmed = () => Promise.reject(new Error("no majority confirmed the read in time"));
    expect(await ask("/readyz?sync")).toMatchObject({
      status: 503,
      body: "[-]sync failed: no majority confirmed the read in time\n",
    });
    await expect(ask("/livez?sync")).rejects.toMatchObject({ code: "validation-failed" });
  });

  it("are JSON to who reads that", async () => {
    problem = "nobody leads";
    const { body } = await ask("/readyz", "application/json");
    expect(JSON.parse(String(body))).toEqual({
      status: "unavailable",
      checks: [
        { name: "leader", ok: false, problem: "nobody leads" },
        { name: "draining", ok: true, problem: null },
      ],
    });
  });
});
