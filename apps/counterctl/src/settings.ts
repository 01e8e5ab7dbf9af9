/** Which cluster is meant: flags before the environment, the environment before a context. */
import { readFile } from "node:fs/promises";

import { CounterClient } from "@counter/client";

import type { Args } from "./args.ts";
import { contextsPath, readContexts, type Context } from "./contexts.ts";
import { UsageError } from "./exit-codes.ts";

export interface Connection {
  readonly endpoints: readonly string[];
  readonly token: string | null;
  readonly timeoutMs: number;
}

/** Where a node listens by default. */
export const usualEndpoint = "http://127.0.0.1:8080";
const timeoutMaxSeconds = 3600;

export async function connectionOf(args: Args, env: NodeJS.ProcessEnv): Promise<Connection> {
  const context = await contextOf(args, env);
  const named = args.list("endpoints").flatMap((text) => text.split(","));
  const fromEnv = (env["COUNTERCTL_ENDPOINTS"] ?? "").split(",");
  const given = [named, fromEnv, context?.endpoints ?? [], [usualEndpoint]]
    .map((list) => list.map((each) => each.trim()).filter((each) => each !== ""))
    .find((list) => list.length > 0)!;
  const seconds = args.number("timeout", { least: 0.001, most: timeoutMaxSeconds });
  return {
    endpoints: given.map(urlOf),
    token: await tokenOf(args, env, context),
    timeoutMs: seconds * 1000,
  };
}

/** `8080` and `host:8080` are what people type. */
export function urlOf(endpoint: string): string {
  if (/^\d{1,5}$/.test(endpoint)) return `http://127.0.0.1:${endpoint}`;
  return /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`;
}

export function clientOf({ endpoints, token, timeoutMs }: Connection): CounterClient {
  return new CounterClient({ endpoints, timeoutMs, ...(token === null ? {} : { token }) });
}

async function contextOf(args: Args, env: NodeJS.ProcessEnv): Promise<Context | null> {
  const path = contextsPath(env);
  const { current, contexts } = await readContexts(path);
  const name = args.optional("context") ?? env["COUNTERCTL_CONTEXT"] ?? current;
  if (name === null || name === "") return null;
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
