/**
 * The keys of an encrypted gossip, in the file that Serf has them in: a JSON array of base64 texts,
 * the first of which seals. When `serf keys` changes the keys, the file is written before that is
 * acknowledged: the next process must be heard by the others.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import { Keyring, KEYRING_MAX_KEYS } from "@counter/gossip";
import { z } from "zod";

import { writeDurably } from "../data-dir/durable-file.ts";
import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";

const schema = z.array(z.base64()).min(1).max(KEYRING_MAX_KEYS);

const hint =
  'use a JSON array of base64 keys of 16, 24 or 32 bytes, such as ["…"] around what "openssl rand -base64 32" prints';

export class KeyringFile {
  readonly #path: string;
  readonly keyring: Keyring;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, keyring: Keyring) {
    this.#path = path;
    this.keyring = keyring;
  }

  /** @throws StartError (exit code 2) if there is no such file, or no keys in it */
  static async open(path: string): Promise<KeyringFile> {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      throw refusal(path, `cannot be read: ${messageOf(error)}`, error);
    });
    const keys = keysIn(path, text);
    try {
      return new KeyringFile(path, new Keyring(keys[0]!, keys.slice(1)));
    } catch (error) {
      throw refusal(path, `${messageOf(error)}; ${hint}`, error);
    }
  }

  /** Durable when it resolves. */
  save(): Promise<void> {
    const written = this.#writing.then(async () => {
      const keys = this.keyring.keys.map((key) => Buffer.from(key).toString("base64"));
      const bytes = new TextEncoder().encode(`${JSON.stringify(keys, null, 2)}\n`);
      await writeDurably(this.#path, [bytes], `${basename(this.#path)}.new`);
    });
    this.#writing = written.catch(() => undefined); // told to whoever asked for it
    return written;
  }
}

function keysIn(path: string, text: string): readonly Uint8Array[] {
  try {
    return schema.parse(JSON.parse(text)).map((key) => Buffer.from(key, "base64"));
  } catch (error) {
    throw refusal(path, `holds no keys; ${hint}`, error);
  }
}

function refusal(path: string, why: string, cause: unknown): StartError {
  return new StartError(exitCodes.badConfig, `--gossip-key-file: ${path} ${why}`, { cause });
}
