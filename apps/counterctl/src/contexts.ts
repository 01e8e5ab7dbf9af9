/** Named clusters, so that nobody types endpoints: `counterctl context`. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { codeOf, messageOf } from "@counter/node/offline";
import { parse, stringify } from "yaml";

import { UsageError } from "./exit-codes.ts";
import { noTls, type TlsFiles } from "./tls.ts";

export interface Context {
  readonly endpoints: readonly string[];
  /** The token itself is never kept here: a file with it is named. */
  readonly tokenFile: string | null;
  /** Paths, too. */
  readonly tls: TlsFiles;
}

export interface Contexts {
  /** The one that is used when none is named. */
  readonly current: string | null;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** Largest file of contexts that is read, in bytes. */
export const contextsMaxBytes: number = 256 * 1024;

export function contextsPath(env: NodeJS.ProcessEnv): string {
  const own = env["COUNTERCTL_CONFIG"];
  if (own !== undefined && own !== "") return own;
  const base = env["XDG_CONFIG_HOME"];
  const home = base !== undefined && base !== "" ? base : join(homedir(), ".config");
  return join(home, "counterctl", "contexts.yaml");
}

/** @throws UsageError for a file that is no list of contexts */
export async function readContexts(path: string): Promise<Contexts> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { current: null, contexts: {} };
    throw error;
  }
  if (text.length > contextsMaxBytes) throw new UsageError(`${path} is too large for contexts`);
  return decode(text, path);
}

/** In one step: who reads meanwhile sees the old file or the new one. */
export async function writeContexts(path: string, contexts: Contexts): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, stringify(contexts), { mode: 0o600 });
  await rename(temporary, path);
}

function decode(text: string, path: string): Contexts {
  const bad = (what: string): UsageError => new UsageError(`${path}: ${what}`);
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    throw bad(messageOf(error));
  }
  if (!isRecord(root)) throw bad("it must be a map with `current` and `contexts`");
  const { current = null, contexts = {} } = root;
  if (current !== null && typeof current !== "string") throw bad("`current` must be a name");
  if (!isRecord(contexts)) throw bad("`contexts` must be a map");
  const decoded = Object.entries(contexts).map(([name, each]) => {
    if (!isRecord(each)) throw bad(`\`contexts.${name}\` must be a map`);
    const { endpoints, tokenFile = null, tls = noTls } = each;
    if (!Array.isArray(endpoints) || !endpoints.every((one) => typeof one === "string")) {
      throw bad(`\`contexts.${name}.endpoints\` must be a list of URLs`);
    }
    if (tokenFile !== null && typeof tokenFile !== "string") {
      throw bad(`\`contexts.${name}.tokenFile\` must be the path of a file`);
    }
    const files = tlsFilesIn(tls);
    if (files === null) {
      throw bad(`\`contexts.${name}.tls\` must have paths of files: \`ca\`, \`cert\`, \`key\``);
    }
    return [name, { endpoints, tokenFile, tls: files }] as const;
  });
  return { current, contexts: Object.fromEntries(decoded) };
}

function tlsFilesIn(value: unknown): TlsFiles | null {
  if (!isRecord(value)) return null;
  const { ca = null, cert = null, key = null } = value;
  const isPath = (each: unknown): each is string | null =>
    each === null || typeof each === "string";
  return isPath(ca) && isPath(cert) && isPath(key) ? { ca, cert, key } : null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
