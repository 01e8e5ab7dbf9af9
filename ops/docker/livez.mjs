// The health check of the image: whether the process beside it is alive. node livez.mjs [port]
import { request as plain } from "node:http";
import { request as secured } from "node:https";

const port = process.argv[2] ?? process.env["COUNTER_PORT"] ?? "8080";
const tls = process.env["COUNTER_TLS_CERT"] !== undefined;
// Whose certificate it is does not matter: nobody else listens on the own loopback.
const options = {
  host: "127.0.0.1",
  port,
  path: "/livez",
  timeout: 1500,
  rejectUnauthorized: false,
};
const asking = (tls ? secured : plain)(options, (reply) => {
  process.exit(reply.statusCode === 200 ? 0 : 1);
});
asking.on("timeout", () => asking.destroy(new Error("no answer")));
asking.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
asking.end();
