import { createLog } from "../process/logging.ts";
import { cleanText, redacted } from "./redaction.ts";

const token = `ctr_${"a1-_".repeat(10)}`;

test.each([
  { text: `refused ${token}!`, clean: `refused ${redacted}!` },
  { text: "Authorization: Bearer abc.def", clean: `Authorization: Bearer ${redacted}` },
  { text: "http://me:pw@host:1/", clean: `http://${redacted}@host:1/` },
  {
    text: "a -----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY----- b",
    clean: `a ${redacted} b`,
  },
  { text: "a -----BEGIN EC PRIVATE KEY-----\ncut off", clean: `a ${redacted}` },
  { text: "the leader is 127.0.0.1:8080", clean: "the leader is 127.0.0.1:8080" },
])("$text", ({ text, clean }) => expect(cleanText(text)).toBe(clean));

test("a log has no secret in it, wherever it came from", () => {
  const written: string[] = [];
  const config = { label: "n", mode: "raft", logLevel: "debug", logFormat: "json" } as const;
  const log = createLog(config, { term: null }, { colours: false });
  for (const transport of log.transports) transport.silent = true; // what is written is looked at here
  log.on("data", (info: Record<symbol, unknown>) => {
    written.push(String(info[Symbol.for("message")]));
  });
  const deep: Record<string, unknown> = { a: { b: { c: { d: { e: { f: { token } } } } } } };
  log.info(`a ${token}`, { authorization: "Bearer x", headers: { Authorization: "y1y1" }, deep });
  log.error("b", { error: new Error(`for ${token}`), list: [token], secret: "z1z1" });
  const all = written.join("\n");
  expect(written).toHaveLength(2);
  expect(all).toContain(redacted);
  for (const secret of [token, "y1y1", "z1z1", "Bearer x"]) expect(all).not.toContain(secret);
});
