/** Whom a node believes, and whom it lets in. */
import type { FlagSpec } from "./flag-spec.ts";

const security = "Security:";

export const securityFlags = {
  "auth-file": {
    group: security,
    describe: 'file of the tokens that clients need, as the command "token" prints them',
    default: "none: clients need no token",
  },
  "peer-secret-file": {
    group: security,
    describe:
      "file of the secrets that all nodes share, one a line: the first one signs, any is believed; without it only nodes on this machine are heard",
    default: "none",
  },
  "tls-cert": {
    group: security,
    describe: "certificate (PEM, with those in between): clients and peers are spoken to over TLS",
    default: "none: no TLS",
  },
  "tls-key": {
    group: security,
    describe: "private key of the certificate (PEM)",
    default: "none",
  },
  "tls-ca": {
    group: security,
    describe: "who signs the certificates of the other nodes, and those of clients (PEM)",
    default: "those whom Node.js trusts",
  },
  "tls-client-auth": {
    group: security,
    describe:
      "none, optional, or require: every connection needs a certificate signed by --tls-ca, and one that is good for a server as well is a peer's",
    default: "none",
  },
  "cors-origin": {
    group: security,
    describe:
      "origins whose pages may use this node from a browser, such as https://app.example; *: all, which without tokens may only read",
    default: "none",
    list: true,
  },
  insecure: {
    group: security,
    toggle: true,
    describe:
      "listen to the network although nothing tells peers from strangers; for networks that nobody else reaches",
    default: "off",
  },
} as const satisfies Readonly<Record<string, FlagSpec>>;
