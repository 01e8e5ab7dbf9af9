/** Every socket that this transport opened or took over, so that closing leaves none behind. */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** First probe of an idle connection by the operating system. */
const KEEP_ALIVE_MS = 5000;

export class Sockets {
  readonly #open = new Set<Duplex>();

  /** Idempotent. */
  add(socket: Duplex): void {
    if (this.#open.has(socket) || socket.closed) return;
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Resolves when every socket is closed. */
  async destroyAll(): Promise<void> {
    const closing = [...this.#open].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once("close", resolve);
          socket.destroy();
        }),
    );
    await Promise.all(closing);
  }
}

/** Makes an HTTP socket a stream's: small writes leave at once, and it is never timed out by HTTP. */
export function prepareSocket(socket: Duplex): void {
  leaveErrorsToClose(socket);
  if (!(socket instanceof Socket)) return;
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

/**
 * Without a listener an error would end the process. Whoever owns the socket acts on its `close`,
 * which follows every error.
 */
export function leaveErrorsToClose(socket: Duplex): void {
  socket.on("error", () => undefined);
}
