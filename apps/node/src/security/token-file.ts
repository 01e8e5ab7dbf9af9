/**
 * The tokens of clients: `--auth-file`. The file has only their SHA-256, so that who reads it cannot
 * use them. They are random, and as long as the hash: nobody finds one by trying.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";

import { z } from "zod";

import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { counterPattern, patternsMax, principalName, scopes, type Caller } from "./caller.ts";

/** Most tokens of a file. */
export const tokensMax: number = 1000;
/** Largest file, in bytes. */
export const tokenFileMaxBytes: number = 1024 * 1024;
/** Longest token that is looked at, in characters. */
export const tokenMaxLength: number = 256;
/** Every token that was made here begins so: a log or a scanner for leaked secrets can find it. */
export const tokenPrefix = "ctr_";

const tokenBytes = 32;

/** One entry of the file. */
export const tokenSchema = z.strictObject({
  name: principalName,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "is 64 hexadecimal digits"),
  scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
  counters: z.array(counterPattern).min(1).max(patternsMax).optional(),
});
const fileSchema = z.strictObject({ tokens: z.array(tokenSchema).max(tokensMax) });

export type TokenEntry = z.infer<typeof tokenSchema>;

interface Known {
  readonly hash: Buffer;
  readonly caller: Caller;
}

/** Of every caller that any reading of the file has named, by which token. */
const hashes = new WeakMap<Caller, Buffer>();

/** The tokens of one reading of the file. */
export class Tokens {
  /** By the first bytes of their hashes. */
  readonly #known = new Map<number, Known[]>();

  constructor(entries: readonly TokenEntry[]) {
    for (const { name, sha256, scopes: may, counters = null } of entries) {
      const hash = Buffer.from(sha256, "hex");
      const caller = { name, scopes: may, counters, isPeer: false };
      hashes.set(caller, hash);
      const place = hash.readUInt32BE(0);
      this.#known.set(place, [...(this.#known.get(place) ?? []), { hash, caller }]);
    }
  }

  /**
   * Who holds this token. How long it takes tells at most how a hash begins, of which no token can
   * be made.
   */
  holderOf(token: string): Caller | null {
    if (token.length > tokenMaxLength) return null;
    return this.#callerOf(createHash("sha256").update(token).digest());
  }

  /**
   * What somebody may do now who had a token of an earlier reading: `null` if it is gone, himself if he
   * had none, but was named by another node.
   */
  renewed(caller: Caller): Caller | null {
    const hash = hashes.get(caller);
    return hash === undefined ? caller : this.#callerOf(hash);
  }

  #callerOf(hash: Buffer): Caller | null {
    const candidates = this.#known.get(hash.readUInt32BE(0)) ?? [];
    return candidates.find((known) => timingSafeEqual(known.hash, hash))?.caller ?? null;
  }
}

/** @throws StartError (exit code 2) if there is no such file, or something else in it */
export async function readTokens(path: string): Promise<Tokens> {
  return new Tokens(entriesIn(path, await contentsOf(path)));
}

/** Whether others than its owner and this process may read the file; never where nobody can tell. */
export async function isReadByOthers(path: string): Promise<boolean> {
  const { getuid, getgid, getgroups } = process;
  if (getuid === undefined || getgid === undefined || getgroups === undefined) return false;
  return isOpen(await stat(path), { uid: getuid(), groups: [getgid(), ...getgroups()] });
}

/**
 * A file that is given to this process by its group, as Kubernetes gives secrets, is as closed as it
 * can be: somebody else's, or one that nobody may write. A file of our own has no need of a group.
 */
export function isOpen(
  file: { readonly mode: number; readonly uid: number; readonly gid: number },
  own: { readonly uid: number; readonly groups: readonly number[] },
): boolean {
  const given = file.uid !== own.uid || (file.mode & 0o200) === 0;
  const byGroup = given && own.groups.includes(file.gid) ? 0o040 : 0;
  return (file.mode & 0o077 & ~byGroup) !== 0;
}

/** A new token, and what the file needs to know it by. */
export function newToken(grant: Omit<TokenEntry, "sha256">): {
  readonly token: string;
  readonly entry: TokenEntry;
} {
  const token = tokenPrefix + randomBytes(tokenBytes).toString("base64url");
  const sha256 = createHash("sha256").update(token).digest("hex");
  const { name, scopes: may, counters } = grant;
  const only = counters === undefined ? {} : { counters };
  return { token, entry: { name, sha256, scopes: may, ...only } };
}

async function contentsOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > tokenFileMaxBytes) throw new Error(`it has more than ${tokenFileMaxBytes} bytes`);
    return await readFile(path, "utf8");
  } catch (error) {
    throw refusal(`cannot read ${path}: ${messageOf(error)}`, error);
  }
}

function entriesIn(path: string, text: string): readonly TokenEntry[] {
  const hint =
    '"node apps/node/dist/main.js token --name=<who> --scopes=read,write" makes an entry';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // The parser quotes what it stumbles over: that may be a token that was pasted here.
    throw refusal(`${path} is no JSON; ${hint}`, error instanceof SyntaxError ? undefined : error);
  }
  const checked = fileSchema.safeParse(parsed);
  if (checked.success) return checked.data.tokens;
  const { path: at, message } = checked.error.issues[0]!;
  throw refusal(`${path}: /${at.join("/")}: ${message}; ${hint}`);
}

function refusal(text: string, cause?: unknown): StartError {
  return new StartError(exitCodes.badConfig, `--auth-file: ${text}`, { cause });
}
