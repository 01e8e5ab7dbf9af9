// How the load speaks to each system. A protocol makes the bytes of one operation and reads its replies:
// `answered(bytes)` is null until the reply is whole, then { length, ok, next }, with `next` the bytes of
// a further request that belongs to the same operation.

/** One request, one response. */
export function http(target, host) {
  const request = requestBytes(target, host);
  return {
    request,
    answered: (received) => {
      const response = parseResponse(received);
      return response && { length: response.length, ok: response.status < 300, next: null };
    },
  };
}

/**
 * An increment as etcd has it: read the key, then write the next number on condition that nobody else
 * has written meanwhile; if somebody has, all over again. Counts as done when it has gone through.
 */
export function etcdIncrement({ key }, host) {
  const post = (path, body) =>
    requestBytes({ method: "POST", path, body: JSON.stringify(body) }, host);
  const encodedKey = Buffer.from(key).toString("base64");
  const read = post("/v3/kv/range", { key: encodedKey });
  const write = ({ kvs: [found] = [] }) => {
    const number = found === undefined ? 0 : Number(Buffer.from(found.value, "base64").toString());
    const value = Buffer.from(String(number + 1)).toString("base64");
    const unchanged = { key: encodedKey, target: "MOD", mod_revision: found?.mod_revision ?? "0" };
    const success = [{ request_put: { key: encodedKey, value } }];
    return post("/v3/kv/txn", { compare: [unchanged], success });
  };
  let reading = true;
  return {
    request: read,
    answered: (received) => {
      const response = parseResponse(received);
      if (response === null) return null;
      const { length } = response;
      if (response.status >= 300) return { length, ok: false, next: null };
      const body = JSON.parse(response.body);
      const wasRead = reading;
      reading = !wasRead;
      if (wasRead) return { length, ok: true, next: write(body) };
      return { length, ok: true, next: body.succeeded === true ? null : read };
    },
  };
}

/** `INCR`, as RESP has it. */
export function redisIncrement({ key }) {
  return {
    request: Buffer.from(`*2\r\n$4\r\nINCR\r\n$${key.length}\r\n${key}\r\n`),
    answered: (received) => {
      const end = received.indexOf("\r\n");
      return end < 0 ? null : { length: end + 2, ok: received[0] === 0x3a, next: null }; // ":<number>"
    },
  };
}

function requestBytes({ method, path, headers = {}, body = "" }, host) {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (method !== "GET") lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** @returns { status, length, body } of the first whole response, or null */
function parseResponse(buffer) {
  const head = buffer.indexOf("\r\n\r\n");
  if (head < 0) return null;
  const text = buffer.latin1Slice(0, head).toLowerCase();
  const status = Number(text.slice(9, 12));
  const start = head + 4;
  const sized = /\r\ncontent-length: *(\d+)/.exec(text);
  if (sized !== null) {
    const length = start + Number(sized[1]);
    return buffer.length < length ? null : { status, length, body: buffer.subarray(start, length) };
  }
  if (!text.includes("\r\ntransfer-encoding: chunked")) return { status, length: start, body: "" };
  const end = buffer.indexOf("0\r\n\r\n", start);
  return end < 0 ? null : { status, length: end + 5, body: unchunked(buffer.subarray(start, end)) };
}

function unchunked(chunks) {
  const parts = [];
  for (let at = 0; at < chunks.length;) {
    const lineEnd = chunks.indexOf("\r\n", at);
    const size = Number.parseInt(chunks.latin1Slice(at, lineEnd), 16);
    parts.push(chunks.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
