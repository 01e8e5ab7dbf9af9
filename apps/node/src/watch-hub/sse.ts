/** Server-sent events as text (WHATWG HTML, 9.2). */
import type { Taken, WatchEvent } from "./watch-hub.ts";

/** First of all: how soon to come back after the connection was lost, in milliseconds. */
export const preamble: string = "retry: 1000\n\n";

/** Says to proxies, and to whoever counts silence, that the connection lives. */
export const keepAlive: string = ": keep-alive\n\n";

/** A line that no client takes for an event. @param text - of one line */
export function comment(text: string): string {
  return `: ${text.replaceAll(/[\r\n]+/g, " ")}\n\n`;
}

/**
 * The events, and the token with the last of them.
 *
 * @param at - when they are told, for people: ISO 8601, by this node's clock, which nothing goes by
 */
export function frames({ events, token }: Taken, at: string): string {
  let text = "";
  for (const [place, event] of events.entries()) {
    const id = token !== null && place === events.length - 1 ? `id: ${token}\n` : "";
    text += `${id}event: ${event.type}\ndata: ${JSON.stringify(dataOf(event, at))}\n\n`;
  }
  return text;
}

function dataOf(event: WatchEvent, at: string): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case "value": {
      const { name, value, version, reset } = event;
      return { name, value, version, at, ...(reset ? { reset } : {}) };
    }
    case "deleted": {
      const { name, reset } = event;
      return { name, at, ...(reset ? { reset } : {}) };
    }
    case "synced":
      return { reset: event.reset };
  }
}
