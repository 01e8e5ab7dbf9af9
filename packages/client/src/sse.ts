/** Server-sent events (WHATWG HTML §9.2), as far as watches need them: pure, and bounded. */
import { InvalidReplyError } from "./errors.ts";

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that was seen, of this event or an earlier one. */
  readonly id: string | null;
}

/** Longest line, and longest data of an event, in characters. */
export const eventMaxLength: number = 256 * 1024;

export class EventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #dataLength = 0;
  #id: string | null = null;
  /** What the server asks to wait before a reconnect, in milliseconds. */
  retryMs: number | null = null;

  /**
   * Takes the next piece of the stream, however it is cut.
   *
   * @throws InvalidReplyError when a line or an event is too long
   */
  push(text: string): readonly ServerEvent[] {
    const events: ServerEvent[] = [];
    // A CR at the end may be half of a CRLF: it is looked at with the next piece.
    const all = this.#rest + text;
    const whole = all.endsWith("\r") ? all.length - 1 : all.length;
    const lines = all.slice(0, whole).split(/\r\n|\n|\r/);
    this.#rest = lines.pop()! + all.slice(whole);
    if (this.#rest.length > eventMaxLength) throw tooLong();
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null; // a comment: somebody is still there
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    this.#field(field, value);
    return null;
  }

  #field(field: string, value: string): void {
    switch (field) {
      case "event":
        this.#event = value;
        break;
      case "data":
        this.#dataLength += value.length;
        if (this.#dataLength > eventMaxLength) throw tooLong();
        this.#data.push(value);
        break;
      case "id":
        if (!value.includes("\0")) this.#id = value;
        break;
      case "retry":
        if (/^\d{1,7}$/.test(value)) this.retryMs = Number(value);
    }
  }

  #dispatch(): ServerEvent | null {
    const data = this.#data.join("\n");
    const event = this.#event === "" ? "message" : this.#event;
    const empty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    this.#dataLength = 0;
    return empty ? null : { event, data, id: this.#id };
  }
}

function tooLong(): InvalidReplyError {
  return new InvalidReplyError(`an event is longer than ${eventMaxLength} characters`);
}
