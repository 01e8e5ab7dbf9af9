/** Says no in HTTP: a status and `{code, message}`. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

import type { RefusalCode } from "./events.ts";
import { UPGRADE_TOKEN } from "./handshake.ts";

const STATUSES: Readonly<Record<RefusalCode, number>> = {
  malformed: 400,
  unauthenticated: 401,
  "not-a-member": 403,
  "foreign-cluster": 409,
  "wrong-node": 409,
  "duplicate-identity": 409,
  "unsupported-version": 426,
  "not-ready": 503,
  busy: 503,
};

/** Whether a code from the wire is one that we know. */
export function isRefusalCode(code: unknown): code is RefusalCode {
  return typeof code === "string" && Object.hasOwn(STATUSES, code);
}

/** Answers an upgrade request and hangs up. */
export function refuse(
  socket: Duplex,
  { code, message }: { code: RefusalCode; message: string },
  /** What else the answer says, made of its status and its body. */
  more: (reply: Refused) => Readonly<Record<string, string>>,
): void {
  answer(socket, { status: STATUSES[code], code, message }, more);
}

/** What a refusal says, as it is sent. */
export interface Refused {
  readonly status: number;
  readonly body: string;
}

/** Writes a whole answer and hangs up. */
export function answer(
  socket: Duplex,
  { status, code, message }: { status: number; code: string; message: string },
  more: (reply: Refused) => Readonly<Record<string, string>> = () => ({}),
): void {
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...(status === 426 ? [`Upgrade: ${UPGRADE_TOKEN}`] : []),
    ...Object.entries(more({ status, body })).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
