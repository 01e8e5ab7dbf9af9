import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { hostBytes } from "../wire/address.ts";

/** What a name stands for. */
export interface Records {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly srv?: readonly { readonly name: string; readonly port: number }[];
}

const TYPES: Readonly<Record<number, keyof Records>> = { 1: "a", 28: "aaaa", 33: "srv" };
const NAME_ERROR = 3;

/** A server of DNS on loopback, with as much of the protocol as a resolver needs. */
export class DnsServer {
  readonly records = new Map<string, Records>();
  readonly #socket: Socket;
  /** Questions that were asked, as `name type`. */
  readonly asked: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (question: Buffer, from) => {
      socket.send(this.#answer(question), from.port, from.address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new DnsServer(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }

  #answer(question: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (; question[at] !== 0; at += 1 + question[at]!) {
      labels.push(question.toString("latin1", at + 1, at + 1 + question[at]!));
    }
    const name = labels.join(".");
    const type = question.readUInt16BE(at + 1);
    const kind = TYPES[type];
    this.asked.push(`${name} ${kind ?? type}`);
    const records = this.records.get(name);
    const data = kind === undefined ? [] : answers(records ?? {}, kind);
    const head = Buffer.alloc(12);
    question.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (records === undefined ? NAME_ERROR : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(data.length, 6);
    const resources = data.map((bytes) => {
      const resource = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length]);
      return Buffer.concat([resource, bytes]);
    });
    return Buffer.concat([head, question.subarray(12, at + 5), ...resources]);
  }
}

function answers(records: Records, kind: keyof Records): Buffer[] {
  if (kind !== "srv") return (records[kind] ?? []).map((host) => Buffer.from(hostBytes(host)!));
  return (records.srv ?? []).map(({ name, port }) => {
    const labels = name
      .split(".")
      .map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
    return Buffer.concat([
      Buffer.from([0, 1, 0, 1, port >> 8, port & 255]),
      ...labels,
      Buffer.of(0),
    ]);
  });
}
