/**
 * Who talks to whom, agreed before the first frame. Both ends send the same headers and check the
 * same things; only the server can say why it refuses, with a status and a code.
 */
import type { IncomingHttpHeaders } from "node:http";

import type { NodeId } from "@counter/raft";

import { WIRE_MAJOR, WIRE_MINOR } from "./codec/frame.ts";
import type { Directories } from "./directories.ts";
import type { RefusalCode } from "./events.ts";
import { isName } from "./options.ts";
import type { HttpTransportOptions } from "./options.ts";

/** The value of the `Upgrade` header. */
export const UPGRADE_TOKEN: string = `counter-raft/${WIRE_MAJOR}`;

const UPGRADE_FORM = /^counter-raft\/(\d{1,3})$/i;
const LABEL_MAX_BYTES = 3 * 4 * 128; // percent-encoded UTF-8 of 128 characters

/** What one end says about itself and whom it means. */
export interface Hello {
  readonly clusterId: string;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly directoryId: string;
  /** The receiver's directory, if the sender has seen it before. */
  readonly expectedDirectoryId: string | null;
  /** Where the sender says that it is to be dialled. */
  readonly address: string | null;
  readonly label: string | null;
}

/** A handshake that ends here. */
export class HandshakeRefusedError extends Error {
  override readonly name = "HandshakeRefusedError";
  readonly code: RefusalCode | "unknown";
  /** Who refused. */
  readonly by: "us" | "them";
  /** Who the other side claims to be, as far as it was understood. */
  readonly peer: NodeId | null;
  constructor(
    refusal: { code: RefusalCode | "unknown"; by?: "us" | "them"; peer: NodeId | null },
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = refusal.code;
    this.by = refusal.by ?? "us";
    this.peer = refusal.peer;
  }
}

export class Handshake {
  readonly #options: HttpTransportOptions;
  readonly #directories: Directories;

  constructor(options: HttpTransportOptions, directories: Directories) {
    this.#options = options;
    this.#directories = directories;
  }

  /** The headers with which we introduce ourselves to `peer`. */
  headersFor(peer: NodeId): Record<string, string> {
    const { clusterId, id, directoryId, address, label } = this.#options;
    const expected = this.#directories.get(peer);
    return {
      connection: "Upgrade",
      upgrade: UPGRADE_TOKEN,
      "counter-raft-version": `${WIRE_MAJOR}.${WIRE_MINOR}`,
      "counter-raft-cluster": clusterId,
      "counter-raft-from": id,
      "counter-raft-to": peer,
      "counter-raft-directory": directoryId,
      ...(expected === null ? {} : { "counter-raft-expected-directory": expected }),
      ...(address === undefined ? {} : { "counter-raft-address": address }),
      ...(label === undefined ? {} : { "counter-raft-label": encodeURIComponent(label) }),
    };
  }

  /**
   * Checks what the other end says about itself; on success its directory is remembered.
   *
   * @param ask.admits - whether a stream with this node is wanted
   * @param ask.doubt - why it is not believed who the other end is; `null`: it is
   * @throws HandshakeRefusedError
   */
  async check(
    headers: IncomingHttpHeaders,
    { admits, doubt }: { admits: (id: NodeId) => boolean; doubt: () => string | null },
  ): Promise<Hello> {
    const hello = readHello(headers);
    const { clusterId, id, directoryId } = this.#options;
    const peer = hello.from;
    const refuse = (code: RefusalCode, message: string): HandshakeRefusedError =>
      new HandshakeRefusedError({ code, peer }, message);
    const doubted = doubt();
    if (doubted !== null) throw refuse("unauthenticated", doubted);
    if (hello.clusterId !== clusterId) {
      throw refuse("foreign-cluster", `this is cluster ${clusterId}, not ${hello.clusterId}`);
    }
    if (hello.to !== id) throw refuse("wrong-node", `this is node ${id}, not ${hello.to}`);
    if (peer === id) throw refuse("duplicate-identity", `this is node ${id} already`);
    if (!admits(peer)) throw refuse("not-a-member", `${peer} is not a member of this cluster`);
    if (hello.expectedDirectoryId !== null && hello.expectedDirectoryId !== directoryId) {
      throw refuse("duplicate-identity", `node ${id} has another data directory than before`);
    }
    await this.#pin(hello);
    return hello;
  }

  async #pin({ from: peer, directoryId }: Hello): Promise<void> {
    let isKnown: boolean;
    try {
      isKnown = await this.#directories.pin(peer, directoryId);
    } catch (error) {
      const why = `the directory of ${peer} could not be stored: ${describe(error)}`;
      throw new HandshakeRefusedError({ code: "not-ready", peer }, why, { cause: error });
    }
    if (!isKnown) {
      const why = `${peer} has another data directory than before: bring the old one back, or leave that node stopped`;
      throw new HandshakeRefusedError({ code: "duplicate-identity", peer }, why);
    }
  }
}

/** @throws HandshakeRefusedError when the headers are not those of a handshake */
function readHello(headers: IncomingHttpHeaders): Hello {
  const from = single(headers["counter-raft-from"]);
  const peer = isName(from) ? from : null;
  const version = UPGRADE_FORM.exec(headers.upgrade ?? "")?.[1];
  if (version === undefined || Number(version) !== WIRE_MAJOR) {
    const why = `this node speaks ${UPGRADE_TOKEN}`;
    throw new HandshakeRefusedError({ code: "unsupported-version", peer }, why);
  }
  const clusterId = single(headers["counter-raft-cluster"]);
  const to = single(headers["counter-raft-to"]);
  const directoryId = single(headers["counter-raft-directory"]);
  const expected = single(headers["counter-raft-expected-directory"]);
  const address = single(headers["counter-raft-address"]);
  if (
    !(isName(clusterId) && isName(from) && isName(to) && isName(directoryId)) ||
    !(expected === undefined || isName(expected)) ||
    !(address === undefined || isName(address))
  ) {
    const why = "a Counter-Raft header is missing or is not a name";
    throw new HandshakeRefusedError({ code: "malformed", peer }, why);
  }
  const label = readLabel(single(headers["counter-raft-label"]));
  const expectedDirectoryId = expected ?? null;
  return { clusterId, from, to, directoryId, expectedDirectoryId, address: address ?? null, label };
}

/** A label is decoration: an unreadable one is none. */
function readLabel(encoded: string | undefined): string | null {
  if (encoded === undefined || encoded.length > LABEL_MAX_BYTES) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The message of whatever was thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The headers of a handshake that a proof covers: all that it is about. */
export function signable(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isSigned(name)));
}

/** Those of which a proof has to cover every one that is there. */
export function signedNames(headers: IncomingHttpHeaders): readonly string[] {
  return Object.keys(headers).filter(isSigned);
}

function isSigned(name: string): boolean {
  return name === "upgrade" || name.startsWith("counter-raft-");
}
