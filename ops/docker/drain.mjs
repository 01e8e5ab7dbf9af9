// Takes the node beside it out of traffic before it is stopped: it hands leadership over, refuses
// writes, and says so in /readyz. node drain.mjs [port] [file of an admin token]
import { readFileSync } from "node:fs";
import { request as plain } from "node:http";
import { request as secured } from "node:https";

const [port = process.env["COUNTER_PORT"] ?? "8080", tokenFile] = process.argv.slice(2);
const tls = process.env["COUNTER_TLS_CERT"] !== undefined;
const token = tokenFile === undefined ? null : readFileSync(tokenFile, "utf8").trim();
const asking = (tls ? secured : plain)(
  {
    method: "POST",
    host: "127.0.0.1",
    port,
    path: "/v1/node/drain",
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    timeout: 10_000,
    rejectUnauthorized: false,
  },
  (reply) => {
    if (reply.statusCode !== 200) console.error(`it answers ${reply.statusCode}`);
    process.exit(reply.statusCode === 200 ? 0 : 1);
  },
);
asking.on("timeout", () => asking.destroy(new Error("no answer")));
asking.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
asking.end();
