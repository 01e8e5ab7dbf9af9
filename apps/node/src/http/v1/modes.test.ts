import request from "supertest";

import { BothModes } from "../../test-support/both-modes.ts";
import { jsonOf, refusalOf } from "../../test-support/replies.ts";

const both = new BothModes();
afterEach(() => both.end());

describe.each(both.modes)("counters of a cluster in $mode mode", ({ mode, start }) => {
  const own = mode === "raft" ? ["strong", "raft"] : ["eventual"];
  const others = mode === "raft" ? ["eventual"] : ["strong", "raft"];
  const shown = own[0];

  test("may be asked for by either word for strong", async () => {
    const url = await start();
    for (const [at, word] of own.entries()) {
      const made = await request(url)
        .post("/v1/counters")
        .send({ name: `c${at}`, mode: word });
      expect([made.status, jsonOf(made)["mode"]]).toEqual([201, shown]);
    }
    for (const word of others) {
      const refused = await request(url).post("/v1/counters").send({ name: "x", mode: word });
      expect(refusalOf(refused)).toEqual([409, "mode-mismatch"]);
    }
    const nonsense = await request(url).post("/v1/counters").send({ name: "x", mode: "weak" });
    expect(refusalOf(nonsense)).toEqual([400, "validation-failed"]);
  });

  test("are listed by their mode: all of them, or none", async () => {
    const url = await start();
    await request(url).post("/v1/counters/a/increment").expect(200);
    const listed = async (query: string): Promise<unknown> =>
      jsonOf(await request(url).get(`/v1/counters${query}`).expect(200))["items"];
    for (const word of own) {
      expect(await listed(`?mode=${word}`)).toMatchObject([{ name: "a", mode: shown }]);
    }
    for (const word of others) expect(await listed(`?mode=${word}`)).toEqual([]);
    for (const query of ["mode=weak", `mode=${others[0]}&consistency=nonsense`]) {
      const refused = await request(url).get(`/v1/counters?${query}`);
      expect(refusalOf(refused)).toEqual([400, "validation-failed"]);
    }
  });
});
