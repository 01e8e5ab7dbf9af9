/** How a node speaks to its peers. */
import { noTls, type PeerAuth, type TlsSource } from "@counter/transport-http";

export interface PeerLink {
  /** `null`: nothing is signed. */
  readonly auth: PeerAuth | null;
  readonly tls: TlsSource;
}

/** Neither signed nor encrypted: between nodes on one machine. */
export const openLink: PeerLink = { auth: null, tls: noTls };
