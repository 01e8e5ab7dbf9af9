/** Whom a node takes for one of its peers. */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

import type { PeerAuth } from "./peer-auth.ts";

/**
 * - `secret`: who signs with a secret of the cluster, wherever from.
 * - `certificate`: who shows a certificate of the cluster on a TLS connection.
 * - `loopback`: whoever runs on this machine.
 * - `network`: everybody, for networks that let nobody else in.
 * - `nobody`.
 */
export type PeerTrust =
  | { readonly kind: "secret"; readonly auth: PeerAuth }
  | { readonly kind: "certificate"; readonly isPeer: (socket: Duplex) => boolean }
  | { readonly kind: "loopback" | "network" | "nobody" };

/** Why who is at the other end is no peer; `null` if he is, as far as the connection tells. */
export function distrust(trust: PeerTrust, socket: Duplex): string | null {
  switch (trust.kind) {
    case "secret":
    case "network":
      return null;
    case "certificate":
      return trust.isPeer(socket)
        ? null
        : "peers show a certificate of the cluster that is a server's as well as a client's";
    case "loopback": {
      const from = socket instanceof Socket ? socket.remoteAddress : undefined;
      return isLoopback(from)
        ? null
        : "without a shared secret only peers on the same machine are trusted";
    }
    case "nobody":
      return "this node takes nobody for a peer: it was given no secret that it would share with one";
  }
}

/** The proof of peers, where they need one. */
export function authOf(trust: PeerTrust): PeerAuth | null {
  return trust.kind === "secret" ? trust.auth : null;
}

export function isLoopback(address: string | undefined): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address ?? "");
}
