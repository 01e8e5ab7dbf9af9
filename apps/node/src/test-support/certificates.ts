/** Certificates for tests, made by openssl in a folder that goes away again. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Files in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is good for: a node's for both, a client's only for the latter. */
export type Use = "node" | "client";

/** One authority and what it signs. */
export class Certificates {
  readonly folder: string;
  readonly ca: string;
  #serial = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.ca = join(folder, "ca.pem");
  }

  static async create(): Promise<Certificates> {
    const made = new Certificates(await mkdtemp(join(tmpdir(), "counter-certificates-")));
    await openssl(
      ...["req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=test authority"],
      ...["-keyout", join(made.folder, "ca.key"), "-out", made.ca],
    );
    return made;
  }

  /**
   * @param names - as openssl writes them: `IP:127.0.0.1`, `DNS:a.example`
   * @param days - how long from now; what is negative was good before
   */
  async sign(use: Use, names: string = "IP:127.0.0.1", days: number = 2): Promise<Certified> {
    this.#serial += 1;
    const base = join(this.folder, `${use}-${this.#serial}`);
    const [cert, key, request, extensions] = [".pem", ".key", ".csr", ".ext"].map((e) => base + e);
    const uses = use === "node" ? "serverAuth, clientAuth" : "clientAuth";
    await writeFile(extensions!, `extendedKeyUsage = ${uses}\nsubjectAltName = ${names}\n`);
    await openssl(
      ...["req", ...newKey, "-subj", `/CN=${use} ${this.#serial}`],
      ...["-keyout", key!, "-out", request!],
    );
    await openssl(
      ...["x509", "-req", "-in", request!, "-CA", this.ca, "-days", String(days), "-out", cert!],
      ...["-CAkey", join(this.folder, "ca.key"), "-set_serial", String(this.#serial)],
      ...["-extfile", extensions!],
    );
    return { cert: cert!, key: key! };
  }

  async end(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function openssl(...args: readonly string[]): Promise<void> {
  await run("openssl", [...args]);
}
