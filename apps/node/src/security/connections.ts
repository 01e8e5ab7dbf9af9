/** How many connections one address may have, so that one cannot take the place of all others. */
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Most open connections of one address; a proxy in front of all clients is one address, too. */
export const connectionsPerAddressMax: number = 2048;

/** Connections beyond {@link connectionsPerAddressMax} are closed as they come. */
export function limitConnections(
  server: Server,
  { perAddress = connectionsPerAddressMax }: { readonly perAddress?: number } = {},
): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined) return; // gone already
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddress) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
