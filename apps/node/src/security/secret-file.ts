/** The secrets that nodes share: who knows none of them is no peer. */
import { readFile } from "node:fs/promises";

import { secretMinBytes, secretsMax } from "@counter/transport-http";

import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";

/** More are probably another file. */
export const secretMaxBytes: number = 4096;

const hint = 'one a line, as "openssl rand -hex 32" makes them';

/**
 * Reads the secrets, one a line: the first one signs, any of them is believed. White space around them
 * does not count, since editors add some, nor do lines that begin with "#".
 *
 * @throws StartError (exit code 2) if there is no such file, or not only secrets in it
 */
export async function readPeerSecrets(path: string): Promise<readonly Uint8Array[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw refusal(`cannot read ${path}: ${messageOf(error)}`, error);
  });
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const secrets = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (secrets.length === 0 || secrets.length > secretsMax) {
    throw refusal(`${path} holds ${secrets.length} secrets: use 1 to ${secretsMax}, ${hint}`);
  }
  for (const secret of secrets) {
    const { length } = secret;
    if (length < secretMinBytes || length > secretMaxBytes) {
      throw refusal(
        `a line of ${path} holds ${length} bytes: use ${secretMinBytes} to ${secretMaxBytes} random ones, ${hint}`,
      );
    }
    if (!/^[\x20-\x7e]+$/.test(secret)) {
      throw refusal(`${path} holds something else than printable ASCII characters: write ${hint}`);
    }
  }
  return secrets.map((secret) => new TextEncoder().encode(secret));
}

function refusal(text: string, cause?: unknown): StartError {
  return new StartError(exitCodes.badConfig, `--peer-secret-file: ${text}`, { cause });
}
