import { createHash } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  isOpen,
  isReadByOthers,
  newToken,
  readTokens,
  tokenFileMaxBytes,
  tokenMaxLength,
  Tokens,
  tokensMax,
} from "./token-file.ts";

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "tokens-")), "tokens.json");
});
afterEach(() => rm(join(path, ".."), { recursive: true, force: true }));

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const entry = (text: string) => ({ name: "ci", sha256: sha256(text), scopes: ["read" as const] });

test("a token is known by its hash alone, and by nothing near it", async () => {
  const made = newToken({ name: "ci", scopes: ["read", "write"], counters: ["orders-*"] });
  expect(made.token).toMatch(/^ctr_[A-Za-z0-9_-]{43}$/);
  expect(JSON.stringify(made.entry)).not.toContain(made.token.slice(4));
  await writeFile(path, JSON.stringify({ tokens: [made.entry, entry("other")] }));
  const tokens = await readTokens(path);
  expect(tokens.holderOf(made.token)).toEqual({
    ...{ name: "ci", scopes: ["read", "write"], counters: ["orders-*"], isPeer: false },
  });
  expect(tokens.holderOf("other")).toMatchObject({ counters: null });
  for (const wrong of [`${made.token} `, made.token.slice(1), made.entry.sha256, ""]) {
    expect(tokens.holderOf(wrong)).toBeNull();
  }
});

test("one who holds several tokens, while one takes the place of another, is the same one", () => {
  const tokens = new Tokens([entry("old"), entry("new")]);
  expect(tokens.holderOf("old")).toEqual(tokens.holderOf("new"));
});

test(`tokens of up to ${tokenMaxLength} characters are looked at`, () => {
  const [longest, longer] = [tokenMaxLength, tokenMaxLength + 1].map((n) => "t".repeat(n));
  const tokens = new Tokens([entry(longest!), entry(longer!)]);
  expect([tokens.holderOf(longest!), tokens.holderOf(longer!)]).toMatchObject([
    { name: "ci" },
    null,
  ]);
});

const file = (change: object): string => JSON.stringify({ tokens: [{ ...entry("t"), ...change }] });

test.each([
  { what: "no JSON", text: "ctr_secret", says: "is no JSON" },
  { what: "no tokens", text: "{}", says: "/tokens" },
  { what: "the token itself", text: file({ token: "ctr_secret" }), says: "/tokens/0" },
  { what: "no hash", text: file({ sha256: "ctr_secret" }), says: "/tokens/0/sha256" },
  { what: "an unknown scope", text: file({ scopes: ["all"] }), says: "/tokens/0/scopes/0" },
  { what: "no scope", text: file({ scopes: [] }), says: "/tokens/0/scopes" },
  { what: "no counter", text: file({ counters: [] }), says: "/tokens/0/counters" },
  { what: "an odd name", text: file({ name: "a b" }), says: "/tokens/0/name" },
  {
    what: "too many tokens",
    text: JSON.stringify({ tokens: Array(tokensMax + 1).fill(entry("t")) }),
    says: "/tokens",
  },
  { what: "too many bytes", text: " ".repeat(tokenFileMaxBytes + 1), says: "more than" },
])("$what: refused, without a word of what is in it", async ({ text, says }) => {
  await writeFile(path, text);
  const error: unknown = await readTokens(path).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(says) as string });
  expect(String(error)).not.toContain("ctr_secret");
});

test("whether others may read a file is seen", async () => {
  await writeFile(path, "{}");
  await chmod(path, 0o600);
  expect(await isReadByOthers(path)).toBe(false);
  await chmod(path, 0o640);
  expect(await isReadByOthers(path)).toBe(true);
  await chmod(path, 0o440); // by a group of this process
  expect(await isReadByOthers(path)).toBe(false);
  await chmod(path, 0o444);
  expect(await isReadByOthers(path)).toBe(true);
});

test.each([
  { mode: 0o440, uid: 0, gid: 7, open: false, because: "a group of ours, as Kubernetes has it" },
  { mode: 0o440, uid: 5, gid: 7, open: false, because: "a group of ours, and nobody writes it" },
  { mode: 0o640, uid: 0, gid: 7, open: false, because: "somebody gives it to our group" },
  { mode: 0o640, uid: 5, gid: 7, open: true, because: "our own, and the group has no need" },
  { mode: 0o440, uid: 0, gid: 8, open: true, because: "a group that is not ours" },
  { mode: 0o460, uid: 0, gid: 7, open: true, because: "the group may write it" },
  { mode: 0o444, uid: 0, gid: 7, open: true, because: "everybody may read it" },
  { mode: 0o400, uid: 0, gid: 8, open: false, because: "its owner alone" },
])("a secret of $mode: $because", ({ mode, uid, gid, open }) => {
  expect(isOpen({ mode: 0o100_000 + mode, uid, gid }, { uid: 5, groups: [5, 7] })).toBe(open);
});
