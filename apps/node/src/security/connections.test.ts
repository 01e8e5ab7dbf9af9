import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

import { limitConnections } from "./connections.ts";

test("one address has so many connections, and another one as soon as one is closed", async () => {
  const server = createServer((_request, response) => response.end("ok"));
  limitConnections(server, { perAddress: 2 });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const open = async (from: string): Promise<{ socket: Socket; served: boolean }> => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const data = once(socket, "data").then(() => true);
    return { socket, served: await Promise.race([data, once(socket, "close").then(() => false)]) };
  };
  const first = await open("127.0.0.1");
  const second = await open("127.0.0.1");
  const third = await open("127.0.0.1");
  const other = await open("127.0.0.2");
  expect([first, second, third, other].map(({ served }) => served)).toEqual([
    ...[true, true, false, true],
  ]);
  first.socket.destroy();
  let again = await open("127.0.0.1");
  while (!again.served) again = await open("127.0.0.1"); // until the server has seen the end
  for (const { socket } of [second, other, again]) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
