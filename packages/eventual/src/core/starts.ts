/**
 * The number of this process in the life of its node. Nobody is told a number that the disk may
 * forget: the next process would take it again, and be taken for a twin that is older.
 */
import type { Message } from "../messages.ts";
import { encodeEntry } from "./journal-entry.ts";
import type { EventualState } from "./state.ts";

/** Most messages that wait for the number to be durable; the oldest are lost then, as on the way. */
export const heldMessagesMax: number = 1024;

export function numberStart(s: EventualState, boot: number): void {
  s.boot = boot;
  s.facts.push(encodeEntry({ kind: "boot", boot }));
  s.bootWrite = s.lastWrite + 1;
}

/** What may be sent now. */
export function takeMessages(s: EventualState): Message[] {
  const { bootWrite, lastWrite, writing, messages } = s;
  const isDurable = lastWrite >= bootWrite && (writing === null || writing.id > bootWrite);
  if (!isDurable) {
    messages.splice(0, Math.max(0, messages.length - heldMessagesMax));
    return [];
  }
  // Those that waited for so long that they were given up are not worth sending.
  return messages.splice(0).filter((m) => m.kind === "reply" || s.exchanges.has(m.exchange));
}
