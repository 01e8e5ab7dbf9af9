/**
 * How many connections there may be: all clients together, and one address, so that one cannot take the
 * place of all others, nor a flood of them that of the other nodes. Who connects is not known before he
 * has said something. So a connection beyond the limits is a guest: it may ask once, and is closed after
 * the answer, which is 503 unless it asks a probe or proves to be a peer, who then may stay.
 */
import type { Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

import type { Route } from "../http/api.ts";
import { Problem } from "../http/problems.ts";

export interface ConnectionLimits {
  /** Most open connections of clients. */
  readonly max: number;
  /** Most of one address; a proxy in front of all clients is one address, too. */
  readonly perAddressMax: number;
  /** Most guests at a time: the one that waits longest goes when another comes. */
  readonly guestsMax: number;
  /** Most of peers that came as guests. */
  readonly peersMax: number;
}

/** Half of all may be of one address. @param max - most connections of clients, from 2 */
export function connectionLimits(max: number): ConnectionLimits {
  return { max, perAddressMax: Math.floor(max / 2), guestsMax: 256, peersMax: 1024 };
}

export class Connections {
  readonly #limits: ConnectionLimits;
  /** Those of clients, by address. */
  readonly #open = new Map<string, number>();
  /** By address and port, since a connection over TLS is not the socket that it came on. */
  readonly #guests = new Map<string, Socket>();
  #clients = 0;
  #refused = 0;

  constructor(server: Server, limits: ConnectionLimits) {
    this.#limits = limits;
    // Beyond all that is let in here: nothing can open more than that.
    server.maxConnections = limits.max + limits.guestsMax + limits.peersMax;
    server.on("connection", (socket: Socket) => this.#onConnection(socket));
    server.on("drop", () => (this.#refused += 1));
  }

  /** Open connections of clients, and of peers that came while there was room for clients. */
  get clients(): number {
    return this.#clients;
  }

  /** Connections that were closed because there were too many, since the start. */
  get refused(): number {
    return this.#refused;
  }

  get limits(): ConnectionLimits {
    return this.#limits;
  }

  /** Whether this connection is one too many, unless it is a peer's. */
  isGuest(socket: Socket): boolean {
    return this.#guests.size > 0 && this.#guests.has(placeOf(socket));
  }

  /** This connection is a peer's: it stays. */
  readonly keep = (socket: Duplex): void => {
    if (this.#guests.size > 0 && socket instanceof Socket) this.#guests.delete(placeOf(socket));
  };

  /**
   * A guest who has shown to be a peer stays, and one who asks a probe is answered once: whatever
   * watches over the node must not take it for dead because many want something of it.
   *
   * @param isPeer - whether the request is believed to be another node's
   * @throws Problem `overloaded`
   */
  receive({ kind }: Pick<Route, "kind">, socket: Socket, isPeer: boolean): void {
    if (!this.isGuest(socket)) return;
    if (isPeer) this.keep(socket);
    else if (kind !== "probe") {
      this.#refused += 1;
      const { max, perAddressMax } = this.#limits;
      const detail = `there are ${max} connections, or ${perAddressMax} of your address, already`;
      throw new Problem("overloaded", detail);
    }
  }

  #onConnection(socket: Socket): void {
    const address = socket.remoteAddress;
    if (address === undefined) return; // gone already
    const count = this.#open.get(address) ?? 0;
    const { max, perAddressMax } = this.#limits;
    if (this.#clients >= max || count >= perAddressMax) {
      this.#receive(socket);
      return;
    }
    this.#clients += 1;
    this.#open.set(address, count + 1);
    socket.once("close", () => {
      this.#clients -= 1;
      const left = (this.#open.get(address) ?? 1) - 1;
      if (left === 0) this.#open.delete(address);
      else this.#open.set(address, left);
    });
  }

  #receive(socket: Socket): void {
    const place = placeOf(socket);
    const [longest] = this.#guests;
    if (this.#guests.size >= this.#limits.guestsMax && longest !== undefined) {
      this.#guests.delete(longest[0]);
      this.#refused += 1;
      longest[1].destroy();
    }
    this.#guests.set(place, socket);
    socket.once("close", () => this.#guests.delete(place));
  }
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ""} ${remotePort ?? ""}`;
}
