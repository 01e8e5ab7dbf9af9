import { BothModes } from "../test-support/both-modes.ts";
import { call } from "../test-support/calling.ts";

const both = new BothModes();
afterAll(() => both.end());

describe.each(both.modes)("calls of the demo ($mode)", ({ start }) => {
  it.each([{ "If-Match": '"s0-1"' }, { "If-None-Match": "*" }])(
    "a write with %j is refused: nobody would look at it",
    async (headers) => {
      const url = await start();
      const refused = await call(`${url}/increment`, { method: "POST", headers });
      expect([refused.status, refused.text]).toEqual([
        400,
        expect.stringMatching(/^validation-failed: .*: not on this request \(not-applied\)\n$/),
      ]);
      expect((await call(`${url}/get`)).text).toBe('{"counter":0}\n');
    },
  );

  it("changes nothing below /v1 by GET, however strict it is about the demo", async () => {
    const url = await start("--compat=strict");
    expect((await call(`${url}/increment`)).status).toBe(200);
    const refused = await call(`${url}/v1/counters/default/increment`);
    expect([refused.status, refused.headers.allow]).toEqual([405, "POST, OPTIONS"]);
    expect((await call(`${url}/get`)).text).toBe('{"counter":1}\n');
  });

  it("restores nothing when it does not know what is to be restored", async () => {
    const url = await start();
    expect((await call(`${url}/backup`, { method: "POST" })).status).toBe(200);
    await call(`${url}/increment`, { method: "POST" });
    const refused = await call(`${url}/restore?file=another.backup`, { method: "POST" });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("?file")]);
    expect((await call(`${url}/get`)).text).toBe('{"counter":1}\n');
  });

  it.each([
    { value: "9007199254740991", text: "" },
    { value: "-9007199254740991", text: "" },
    { value: "9007199254740992", text: ',"text":"9007199254740992"' },
    { value: "-9007199254740993", text: ',"text":"-9007199254740993"' },
  ])("GET /get of $value is exact, as text as well where it must", async ({ value, text }) => {
    const url = await start();
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ delta: value });
    await call(`${url}/increment`, { method: "POST", headers, body });
    expect((await call(`${url}/get`)).text).toBe(`{"counter":${value}${text}}\n`);
  });
});
