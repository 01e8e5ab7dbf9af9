/**
 * Everything that a node knows about whom to believe: tokens of clients, secrets of peers, certificates.
 * All of it comes from files, which are read again when they change, or at SIGHUP. What cannot be read
 * then changes nothing: a slip of the fingers must not lock everybody out.
 */
import { unwatchFile, watchFile } from "node:fs";
import type { Server } from "node:http";
import { Server as TlsServer, type TlsOptions } from "node:tls";

import { noTls, PeerAuth, type PeerTrust } from "@counter/transport-http";
import type { Logger } from "winston";

import { askBy, type Ask } from "../membership/asking.ts";
import type { CommonConfig, TlsConfig } from "../config/node-config.ts";
import { messageOf } from "../process/error-text.ts";
import { createHttpServer } from "../http/server.ts";
import { Access } from "./access.ts";
import { Cors } from "./cors.ts";
import type { PeerLink } from "./peer-link.ts";
import { readPeerSecrets } from "./secret-file.ts";
import { isPeerCertified, readTls, type TlsMaterial } from "./tls-files.ts";
import { isReadByOthers, readTokens, type Tokens } from "./token-file.ts";
import { warnings, warnEveryMs } from "./warnings.ts";

/** How often files are looked at, in milliseconds. */
const lookEveryMs = 2000;

type SecurityConfig = Pick<
  CommonConfig,
  | "address"
  | "host"
  | "authFile"
  | "corsOrigins"
  | "insecure"
  | "peerSecretFile"
  | "tls"
  | "gossipKeyFile"
  | "gossipPort"
>;

/** One kind of file, and what to do when it has changed. */
interface Watched {
  readonly what: string;
  readonly paths: readonly string[];
  readonly read: () => Promise<void>;
}

export class Security {
  readonly trust: PeerTrust;
  readonly access: Access;
  /** `null`: pages of other origins have no business here. */
  readonly cors: Cors | null;
  readonly link: PeerLink;
  /** Asks another node as this one does. */
  readonly ask: Ask;
  readonly #config: SecurityConfig;
  readonly #log: Logger;
  readonly #watched: readonly Watched[];
  readonly #servers = new Set<TlsServer>();
  readonly #onTokens = new Set<() => void>();
  #tokens: Tokens | null = null;
  #tls: TlsMaterial | null = null;
  #reloading: Promise<void> = Promise.resolve();
  #warning: NodeJS.Timeout | null = null;

  private constructor(config: SecurityConfig, log: Logger, auth: PeerAuth | null) {
    this.#config = config;
    this.#log = log;
    this.trust = trustOf(config, auth);
    const tls = (): TlsMaterial | null => this.#tls;
    this.link = { auth, tls: config.tls === null ? noTls : tls };
    this.ask = (address, question, limits) => askBy(this.link, address, question, limits);
    const host = config.address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
    this.cors = Cors.of(config.corsOrigins);
    const { cors, trust } = this;
    this.access = new Access({ tokens: () => this.#tokens, trust, host, cors });
    this.#watched = this.#watchedFiles(auth);
  }

  /** Reads all files. @throws StartError (exit code 2) if one of them is not as it should be */
  static async open(config: SecurityConfig, log: Logger): Promise<Security> {
    const path = config.peerSecretFile;
    const auth = path === null ? null : new PeerAuth(await readPeerSecrets(path));
    const security = new Security(config, log, auth);
    for (const { read } of security.#watched) await read();
    security.#begin();
    return security;
  }

  /**
   * The server for clients and peers, over TLS if there are certificates.
   *
   * @param given - one that listens already; otherwise one is made that listens nowhere yet
   */
  serverOf(given: Server | undefined): Server {
    const server = given ?? createHttpServer(tlsOptions(this.#config.tls, this.#tls));
    if (server instanceof TlsServer) this.#servers.add(server);
    return server;
  }

  /** Has its argument called whenever other tokens hold; must not throw. */
  whenTokensChange(changed: () => void): void {
    this.#onTokens.add(changed);
  }

  /** Reads all files again. Never rejects: what cannot be read stays as it was, and is told. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(async () => {
      for (const watched of this.#watched) await this.#readAgain(watched);
    });
    return this.#reloading;
  }

  /** Files are not looked at any more. */
  close(): void {
    for (const { paths } of this.#watched) for (const path of paths) unwatchFile(path);
    if (this.#warning !== null) clearInterval(this.#warning);
  }

  #begin(): void {
    for (const watched of this.#watched) {
      const look = (): void => {
        this.#reloading = this.#reloading.then(() => this.#readAgain(watched));
      };
      const how = { interval: lookEveryMs, persistent: false };
      for (const path of watched.paths) watchFile(path, how, look);
    }
    const warn = (): void => {
      for (const text of warnings(this.#config)) this.#log.warn(text);
    };
    warn();
    this.#warning = setInterval(warn, warnEveryMs);
    this.#warning.unref();
  }

  #watchedFiles(auth: PeerAuth | null): readonly Watched[] {
    const { authFile, peerSecretFile, tls } = this.#config;
    const all: Watched[] = [];
    if (authFile !== null) {
      all.push({ what: "tokens", paths: [authFile], read: () => this.#readTokens(authFile) });
    }
    if (peerSecretFile !== null && auth !== null) {
      const read = async (): Promise<void> => {
        auth.replace(await readPeerSecrets(peerSecretFile));
        await this.#warnIfReadByOthers(peerSecretFile);
      };
      all.push({ what: "peer secrets", paths: [peerSecretFile], read });
    }
    if (tls !== null) {
      const paths = [tls.cert, tls.key, ...(tls.ca === null ? [] : [tls.ca])];
      const read = async (): Promise<void> => {
        this.#tls = await readTls(tls);
        for (const server of this.#servers) server.setSecureContext(this.#tls);
        await this.#warnIfReadByOthers(tls.key);
      };
      all.push({ what: "certificates", paths, read });
    }
    return all;
  }

  async #readTokens(path: string): Promise<void> {
    this.#tokens = await readTokens(path);
    for (const changed of this.#onTokens) changed();
    await this.#warnIfReadByOthers(path);
  }

  async #readAgain({ what, read }: Watched): Promise<void> {
    try {
      await read();
      this.#log.info(`${what} were read again`);
    } catch (error) {
      this.#log.error(`${what} stay as they were: ${messageOf(error)}`);
    }
  }

  async #warnIfReadByOthers(path: string): Promise<void> {
    if (!(await isReadByOthers(path))) return;
    this.#log.warn(`${path} can be read by others on this machine: chmod 600 ${path}`);
  }
}

/** What a server needs to speak TLS; `null`: it does not. */
export function tlsOptions(
  config: TlsConfig | null,
  material: TlsMaterial | null,
): TlsOptions | null {
  if (config === null || material === null) return null;
  return {
    ...material,
    requestCert: config.clientAuth !== "none",
    rejectUnauthorized: config.clientAuth === "require",
  };
}

/** Without anything to share, only who runs on this machine can be a peer, and none of strangers'. */
function trustOf({ tls, insecure, authFile }: SecurityConfig, auth: PeerAuth | null): PeerTrust {
  if (auth !== null) return { kind: "secret", auth };
  if (tls?.clientAuth === "require") return { kind: "certificate", isPeer: isPeerCertified };
  // Whoever passed for a peer would need no token.
  if (authFile !== null) return { kind: "nobody" };
  return insecure ? { kind: "network" } : { kind: "loopback" };
}

/** Whether there is anything to be read again. */
export function hasFiles({ authFile, peerSecretFile, tls }: SecurityConfig): boolean {
  return authFile !== null || peerSecretFile !== null || tls !== null;
}
