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
