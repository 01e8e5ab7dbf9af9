/**
 * The names of fields that are read all the time, so that a table of ten thousand members does not
 * make seventy thousand strings of them.
 */

const KNOWN: readonly string[] = [
  ...["Addr", "Incarnation", "Meta", "Name", "Port", "State", "Vsn", "Node", "From", "SeqNo"],
  ...["Payload", "SourceAddr", "SourceNode", "SourcePort", "Target", "Nack", "LTime", "Events"],
];
const SLOTS = 256;
const TABLE: readonly (string | undefined)[] = makeTable();

function slotOf(length: number, first: number, last: number): number {
  return (length * 67 + first * 7 + last) & (SLOTS - 1);
}

function makeTable(): readonly (string | undefined)[] {
  const table = new Array<string | undefined>(SLOTS).fill(undefined);
  for (const key of KNOWN) {
    table[slotOf(key.length, key.charCodeAt(0), key.charCodeAt(key.length - 1))] = key;
  }
  return table;
}

/** The known name that these bytes are, or undefined: then it has to be decoded. */
export function knownKey(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (start === end) return undefined;
  const key = TABLE[slotOf(end - start, bytes[start]!, bytes[end - 1]!)];
  if (key?.length !== end - start) return undefined;
  for (let index = 0; index < key.length; index += 1) {
    if (key.charCodeAt(index) !== bytes[start + index]) return undefined;
  }
  return key;
}
