import { readConfig } from "./config.ts";

test.each([
  { flag: "--rate-limit=600/1m", is: { rateLimit: { units: 600, windowMs: 60_000 } } },
  { flag: "--rate-limit=1/s", is: { rateLimit: { units: 1, windowMs: 1000 } } },
  { flag: "--rate-limit=1000000/1h", is: { rateLimit: { units: 1_000_000, windowMs: 3_600_000 } } },
  { flag: "--rate-limit=off", is: { rateLimit: null } },
  {
    flag: "--rate-limit-namespace=5/10s",
    is: { rateLimit: null, rateLimitNamespace: { units: 5, windowMs: 10_000 } },
  },
  {
    flag: "--cors-origin=https://app.example,http://localhost:3000/",
    is: { corsOrigins: ["https://app.example", "http://localhost:3000"] },
  },
  { flag: "--cors-origin=*", is: { corsOrigins: ["*"] } },
  { flag: "--port=1", is: { rateLimit: null, rateLimitNamespace: null, corsOrigins: [] } },
])("$flag is understood", async ({ flag, is }) => {
  expect(await readConfig([flag], {})).toMatchObject({ kind: "config", config: is });
});

test.each([
  ...["0/1s", "1000001/1s", "1/2h", "1/0s", "1/500ms", "1", "1/", "-1/1s", "1/1d", ""].map(
    (value) => `--rate-limit=${value}`,
  ),
  ...["app.example", "https://app.example/x", "file:///x", "null", "https://*.example", "HTTP"].map(
    (value) => `--cors-origin=${value}`,
  ),
  `--cors-origin=${Array.from({ length: 101 }, (_, i) => `https://a${i}.example`).join(",")}`,
])("%s is refused", async (flag) => {
  expect(await readConfig([flag], {})).toMatchObject({ kind: "problems" });
});
