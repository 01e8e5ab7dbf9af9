/**
 * Labels (memberlist 0.3.0): the outermost bytes 244, length, label before a packet or a stream
 * keep clusters apart that share a network. Not a secret; encryption also vouches for it.
 */
import { LABEL_MAX_BYTES } from "./limits.ts";
import { WireError } from "./refusal.ts";
import { encodeUtf8 } from "./utf8.ts";

/** The message type of a label. */
export const LABEL_TYPE = 244;
/** Bytes before the label itself. */
export const LABEL_OVERHEAD = 2;

/**
 * A label as bytes; empty for none.
 *
 * @throws RangeError for more than 255 bytes: a label is an option, not input
 */
export function labelBytes(label: string): Uint8Array {
  const bytes = encodeUtf8(label);
  if (bytes.length > LABEL_MAX_BYTES) {
    throw new RangeError(`a label has at most ${LABEL_MAX_BYTES} bytes, this has ${bytes.length}`);
  }
  return bytes;
}

/** The bytes to send before a packet or a stream; none without a label. */
export function labelHeader(label: Uint8Array): Uint8Array {
  if (label.length === 0) return label;
  const header = new Uint8Array(LABEL_OVERHEAD + label.length);
  header[0] = LABEL_TYPE;
  header[1] = label.length;
  header.set(label, LABEL_OVERHEAD);
  return header;
}

/**
 * Where the bytes after the label begin.
 *
 * @returns null while more bytes are needed to tell
 * @throws WireError `label` if it is not `label`, or one of the two is missing
 */
export function passLabel(bytes: Uint8Array, label: Uint8Array): number | null {
  if (bytes.length === 0) return null;
  if (bytes[0] !== LABEL_TYPE) {
    if (label.length > 0) throw new WireError("label", "a label is missing");
    return 0;
  }
  if (bytes.length < LABEL_OVERHEAD) return null;
  // Before the rest has come: another cluster's label is refused at its first wrong byte.
  if (label.length === 0 || bytes[1] !== label.length) throw otherLabel();
  const end = Math.min(bytes.length, LABEL_OVERHEAD + label.length);
  for (let index = LABEL_OVERHEAD; index < end; index += 1) {
    if (bytes[index] !== label[index - LABEL_OVERHEAD]) throw otherLabel();
  }
  return end === LABEL_OVERHEAD + label.length ? end : null;
}

function otherLabel(): WireError {
  return new WireError("label", "the label is another cluster's");
}
