import { strangePage } from "./browsers.ts";

test.each([
  { what: "no browser", headers: {}, ok: true },
  {
    what: "a person at the address bar",
    headers: { "sec-fetch-site": "none", host: "10.0.0.1:80" },
    ok: true,
  },
  {
    what: "our own page",
    headers: {
      "sec-fetch-site": "same-origin",
      origin: "http://127.0.0.1:8080",
      host: "127.0.0.1:8080",
    },
    ok: true,
  },
  {
    what: "our own page, by name",
    headers: { "sec-fetch-site": "same-origin", host: "localhost:1" },
    ok: true,
  },
  {
    what: "our own page, by our name",
    headers: { "sec-fetch-site": "same-origin", host: "Node.example" },
    ok: true,
  },
  {
    what: "our own page on IPv6",
    headers: { origin: "http://[::1]:8080", host: "[::1]:8080" },
    ok: true,
  },
  {
    what: "another site",
    headers: { "sec-fetch-site": "cross-site", host: "127.0.0.1:8080" },
    ok: false,
  },
  {
    what: "a neighbour",
    headers: { "sec-fetch-site": "same-site", host: "127.0.0.1:8080" },
    ok: false,
  },
  {
    what: "an old browser on another site",
    headers: { origin: "http://evil.example", host: "127.0.0.1:8080" },
    ok: false,
  },
  {
    what: "a page without an origin",
    headers: { origin: "null", host: "127.0.0.1:8080" },
    ok: false,
  },
  {
    what: "a name that was made to stand for us",
    headers: {
      "sec-fetch-site": "same-origin",
      origin: "http://evil.example",
      host: "evil.example",
    },
    ok: false,
  },
])("$what: $ok", ({ headers, ok }) => {
  expect(strangePage(headers, "node.example") === null).toBe(ok);
});
