/** base64url without padding (RFC 4648 §5), one text for one sequence of bytes. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const values: ReadonlyMap<string, number> = new Map(
  Array.from(alphabet, (character, value) => [character, value]),
);

export function encodeBase64Url(bytes: ArrayLike<number>): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const first = bytes[at]!;
    const second = left > 1 ? bytes[at + 1]! : 0;
    const third = left > 2 ? bytes[at + 2]! : 0;
    text += alphabet[first >> 2]! + alphabet[((first & 3) << 4) | (second >> 4)]!;
    if (left > 1) text += alphabet[((second & 15) << 2) | (third >> 6)]!;
    if (left > 2) text += alphabet[third & 63]!;
  }
  return text;
}

/** @returns `null` for what {@link encodeBase64Url} does not write */
export function decodeBase64Url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let length = 0;
  for (const character of text) {
    const value = values.get(character);
    if (value === undefined) return null;
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (held >> bits) & 0xff;
  }
  // The last character has bits to spare: set ones would make a second text for the same bytes.
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}
