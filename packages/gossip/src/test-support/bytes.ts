/** Bytes written as text: two hexadecimal digits each, spaces allowed. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

/** The hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The value of a decoder's answer, or a failing test. */
export function accepted<T>(
  decoded: { ok: true; value: T } | { ok: false; refusal: { reason: string; detail: string } },
): T {
  if (!decoded.ok) throw new Error(`refused: ${decoded.refusal.reason}, ${decoded.refusal.detail}`);
  return decoded.value;
}
