/** Reads the body of a request or a reply, never more of it than is allowed. */
import type { IncomingMessage } from "node:http";

export interface BodyLimits {
  readonly maxBytes: number;
  /** From now on, for all of it. */
  readonly timeoutMs: number;
}

/**
 * @returns a plain array of its own; when the body breaks a limit, which one: what is left of it is
 * not read then
 * @throws Error when the connection ends before the body
 */
export function readBody(
  incoming: IncomingMessage,
  { maxBytes, timeoutMs }: BodyLimits,
): Promise<Uint8Array | "too-large" | "too-slow"> {
  const announced = Number(incoming.headers["content-length"] ?? 0);
  // An error is followed by `close`; without a listener it would end the process.
  incoming.on("error", () => undefined);
  if (announced > maxBytes) return Promise.resolve("too-large");
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const onData = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else stop("too-large");
    };
    const onEnd = (): void => {
      leave();
      resolve(joined(chunks, bytes));
    };
    const onClose = (): void => {
      leave();
      reject(new Error("the connection ended in the middle of a message"));
    };
    const stop = (limit: "too-large" | "too-slow"): void => {
      leave();
      incoming.pause();
      resolve(limit);
    };
    const leave = (): void => {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", onEnd).off("close", onClose);
    };
    const timer = setTimeout(() => stop("too-slow"), timeoutMs);
    incoming.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
