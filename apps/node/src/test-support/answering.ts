/** Routes and servers that answer as a test says. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";

import { text, type ApiReply, type Route } from "../http/api.ts";

export interface FailingRoute extends Route {
  attempts(): number;
}

/** Fails with these errors, one an attempt, and then answers. */
export function failingRoute(
  kind: Route["kind"],
  path: string,
  errors: readonly Error[],
): FailingRoute {
  let attempts = 0;
  const handle = (): ApiReply => {
    const error = errors[attempts];
    attempts += 1;
    if (error !== undefined) throw error;
    return text("7\n");
  };
  const operation = { id: "fail", tag: "demo", responses: {}, problems: [] } as const;
  const rest = { method: "POST", path, summary: "", operation, bodyMaxBytes: 10 } as const;
  return { ...rest, kind, scope: "none", handle, attempts: () => attempts };
}

/** Servers on ports of their own; `close` is for `afterEach`. */
export class Servers {
  readonly #servers: Server[] = [];

  /** @returns its address */
  async serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    this.#servers.push(server);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return `127.0.0.1:${address.port}`;
  }

  close(): void {
    for (const server of this.#servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  }
}
