/** Sockets that do not speak HTTP, or not well. */
import { connect, type Socket } from "node:net";

/** Connects; errors afterwards only end the socket, since a server may well hang up on us. */
export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
  });
}

/**
 * Sends bytes and reads until the server hangs up, or until `patienceMs` has gone by without a word
 * of it: then the socket is closed by us.
 *
 * @returns the status lines of all replies, in order
 */
export async function tellRaw(
  port: number,
  bytes: string | Uint8Array,
  patienceMs: number = 1000,
): Promise<readonly string[]> {
  const socket = await dial(port);
  let text = "";
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(bytes);
  await closed;
  return text.match(/HTTP\/1\.1 \d{3}/g)?.map((line) => line.slice(-3)) ?? [];
}

/** Sends without end until the server hangs up; tells how many bytes it took. */
export async function flood(port: number, head: string, mostBytes: number): Promise<number> {
  const socket = await dial(port);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const chunk = Buffer.alloc(64 * 1024, 0x20);
  let sent = 0;
  socket.write(head);
  const pour = (): void => {
    while (!socket.destroyed && sent < mostBytes) {
      sent += chunk.length;
      if (!socket.write(chunk)) return;
    }
    socket.destroy();
  };
  socket.on("drain", pour);
  socket.resume(); // the answer is read, so that the server's hanging up is seen
  pour();
  await closed;
  return sent;
}
