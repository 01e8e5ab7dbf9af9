/** Opens the port, or says in plain words why it cannot be had. */
import type { Server } from "node:http";

import type { NodeConfig } from "../config/node-config.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";

/** @throws StartError (exit code 5) */
export function listen(
  server: Server,
  { host, port }: Pick<NodeConfig, "host" | "port">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      const why: Readonly<Record<string, string>> = {
        EADDRINUSE: "is in use by another process; stop it, or choose another --port",
        EACCES: "may not be used by this user; choose a --port above 1023",
        EADDRNOTAVAIL: "is not an address of this machine; check --host",
      };
      const reason = why[codeOf(error) ?? ""] ?? messageOf(error);
      reject(new StartError(exitCodes.port, `${host}:${port} ${reason}`, { cause: error }));
    };
    server.once("error", failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", failed);
      resolve();
    });
  });
}
