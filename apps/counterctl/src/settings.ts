/** Which cluster is meant: flags before the environment, the environment before a context. */
import { readFile } from "node:fs/promises";

import { CounterClient } from "@counter/client";

import type { Args } from "./args.ts";
import { contextsPath, readContexts, type Context } from "./contexts.ts";
import { UsageError } from "./exit-codes.ts";
import { fetchWith, noTls, readTls, type Tls, type TlsFiles } from "./tls.ts";

export interface Connection {
  readonly endpoints: readonly string[];
  readonly token: string | null;
  /** `null`: as Node.js does it by itself. */
  readonly tls: Tls | null;
  readonly timeoutMs: number;
}

/** Where a node listens by default. */
export const usualEndpoint = "127.0.0.1:8080";
const timeoutMaxSeconds = 3600;

export async function connectionOf(args: Args, env: NodeJS.ProcessEnv): Promise<Connection> {
  const context = await contextOf(args, env);
  const fromEnv = [env["COUNTERCTL_ENDPOINTS"] ?? ""];
  const files = tlsFilesOf(args, env, context?.tls ?? noTls);
  const endpoints = [args.list("endpoints"), fromEnv, context?.endpoints ?? [], [usualEndpoint]]
    .map((list) => urlsOf(list, isSecure(files)))
    .find((list) => list.length > 0)!;
  const seconds = args.number("timeout", { least: 0.001, most: timeoutMaxSeconds });
  return {
    endpoints,
    token: await tokenOf(args, env, context),
    tls: await readTls(files),
    timeoutMs: seconds * 1000,
  };
}

/** `8080` and `host:8080` are what people type. */
export function urlOf(endpoint: string, secure: boolean = false): string {
  if (/^[a-z]+:\/\//i.test(endpoint)) return endpoint;
  const scheme = secure ? "https" : "http";
  return `${scheme}://${/^\d{1,5}$/.test(endpoint) ? `127.0.0.1:${endpoint}` : endpoint}`;
}

/** Each of them may name several, with commas between. @param secure - where no scheme is said */
export function urlsOf(named: readonly string[], secure: boolean): readonly string[] {
  const each = named.flatMap((text) => text.split(",")).map((text) => text.trim());
  return each.filter((text) => text !== "").map((text) => urlOf(text, secure));
}

/** A cluster that has a name, with the token and the certificates of that name. */
export async function connectionNamed(
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<Omit<Connection, "timeoutMs">> {
  const { endpoints, tokenFile, tls } = await contextNamed(name, env);
  const token = tokenFile === null ? null : await tokenIn(tokenFile);
  return { endpoints, token, tls: await readTls(tls) };
}

export function clientOf({ endpoints, token, tls, timeoutMs }: Connection): CounterClient {
  return new CounterClient({
    ...{ endpoints, timeoutMs },
    ...(token === null ? {} : { token }),
    ...(tls === null ? {} : { fetch: fetchWith(tls) }),
  });
}

/** A certificate and its key come from one place: halves of two would never fit. */
export function tlsFilesOf(args: Args, env: NodeJS.ProcessEnv, otherwise: TlsFiles): TlsFiles {
  const places: readonly TlsFiles[] = [
    {
      ca: args.optional("ca") ?? null,
      cert: args.optional("cert") ?? null,
      key: args.optional("cert-key") ?? null,
    },
    {
      ca: setIn(env, "COUNTERCTL_CA"),
      cert: setIn(env, "COUNTERCTL_CERT"),
      key: setIn(env, "COUNTERCTL_KEY"),
    },
    otherwise,
  ];
  const { cert, key } = places.find((each) => each.cert !== null || each.key !== null) ?? noTls;
  return { ca: places.find((each) => each.ca !== null)?.ca ?? null, cert, key };
}

/** What is set to nothing is not set. */
function setIn(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = env[name] ?? "";
  return value === "" ? null : value;
}

/** Who names certificates means `https`. */
export function isSecure({ ca, cert }: TlsFiles): boolean {
  return ca !== null || cert !== null;
}

async function contextOf(args: Args, env: NodeJS.ProcessEnv): Promise<Context | null> {
  const { current } = await readContexts(contextsPath(env));
  const name = args.optional("context") ?? env["COUNTERCTL_CONTEXT"] ?? current;
  return name === null || name === "" ? null : await contextNamed(name, env);
}

async function contextNamed(name: string, env: NodeJS.ProcessEnv): Promise<Context> {
  const path = contextsPath(env);
  const { contexts } = await readContexts(path);
  const found = contexts[name];
  if (found !== undefined) return found;
  const known = Object.keys(contexts).join(", ");
  throw new UsageError(
    `there is no context ${name} in ${path}${known === "" ? "" : `; there are ${known}`}`,
  );
}

async function tokenOf(
  args: Args,
  env: NodeJS.ProcessEnv,
  context: Context | null,
): Promise<string | null> {
  const file = args.optional("token-file");
  if (file !== undefined) return await tokenIn(file);
  const own = env["COUNTERCTL_TOKEN"];
  if (own !== undefined && own !== "") return own;
  return context?.tokenFile === null || context === null ? null : await tokenIn(context.tokenFile);
}

/** A token on the command line would be in everybody's list of processes: it comes from a file. */
async function tokenIn(path: string): Promise<string> {
  const token = (await readFile(path, "utf8")).trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new UsageError(`${path} must hold one token and nothing else`);
}
