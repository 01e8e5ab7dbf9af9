/** What can be wrong with bytes, and with what we were asked to turn into bytes. */

/**
 * Why bytes were refused.
 * - `length`: a frame is shorter than its header or longer than the limit
 * - `checksum`: the CRC does not match
 * - `truncated`: a field reaches beyond the end of its frame
 * - `number`: a varint is longer than needed, or above 2^53 - 1
 * - `text`: an id or an address is too long, empty or not visible ASCII
 * - `count`: more items than allowed, or than the remaining bytes can hold
 * - `flag`: a bit or a byte has a value that this version does not know
 * - `trailing`: bytes are left over in a message of a version that we know completely
 */
export type DecodeFault =
  "length" | "checksum" | "truncated" | "number" | "text" | "count" | "flag" | "trailing";

/** Bytes that no correct sender wrote. The only thing that the decoders throw. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly code = "WIRE_MALFORMED";
  readonly fault: DecodeFault;
  constructor(fault: DecodeFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** A message that breaks its own contract (a bug of the caller): nothing was sent. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
  readonly code = "WIRE_UNENCODABLE";
}
