/** The secret that nodes share: who does not know it is no peer. */
import { readFile } from "node:fs/promises";

import { messageOf } from "../error-text.ts";
import { exitCodes, StartError } from "../exit-codes.ts";

/** Fewer bytes can be guessed. */
export const secretMinBytes: number = 16;
/** More are probably another file. */
export const secretMaxBytes: number = 4096;

/**
 * Reads the secret; white space around it does not count, since editors add some.
 *
 * @param path - `null`: there is none
 * @throws StartError (exit code 2) if there is no such file, or no secret in it
 */
export async function readPeerSecret(path: string | null): Promise<Uint8Array | null> {
  if (path === null) return null;
  const secret = trimmed(await contentsOf(path));
  if (secret.length >= secretMinBytes && secret.length <= secretMaxBytes) return secret;
  throw new StartError(
    exitCodes.badConfig,
    `--peer-secret-file: ${path} holds ${secret.length} bytes: use ${secretMinBytes} to ${secretMaxBytes} random ones, as "openssl rand -hex 32" makes them`,
  );
}

async function contentsOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const message = `--peer-secret-file: cannot read ${path}: ${messageOf(error)}`;
    throw new StartError(exitCodes.badConfig, message, { cause: error });
  }
}

function trimmed(bytes: Uint8Array): Uint8Array {
  const isSpace = (byte: number | undefined): boolean => byte !== undefined && byte <= 0x20;
  let from = 0;
  let to = bytes.length;
  while (from < to && isSpace(bytes[from])) from += 1;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  return bytes.slice(from, to);
}
