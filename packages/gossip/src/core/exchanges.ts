/** Streams that this member opened and that are not over; bounded in number and in time. */
import type { Ping, PushPull, UserMessage } from "../messages.ts";
import type { Address, Milliseconds } from "../types.ts";
import { outcome } from "./state.ts";
import type { Exchange, ExchangePurpose, GossipState } from "./state.ts";

/** @returns whether there was room for one more */
export function openStream(
  s: GossipState,
  to: Address,
  message: PushPull | Ping | UserMessage,
  about: { readonly purpose: ExchangePurpose; readonly timeoutMs: Milliseconds },
): boolean {
  if (s.exchanges.size >= s.options.limits.exchangesMax) return false;
  const { purpose, timeoutMs } = about;
  const deadline = s.now + timeoutMs;
  s.lastExchange += 1;
  s.exchanges.set(s.lastExchange, { ...purpose, to, deadline });
  s.due.exchange = Math.min(s.due.exchange, deadline);
  s.effects.push({ type: "openStream", exchange: s.lastExchange, to, message, timeoutMs });
  return true;
}

/** The exchange with this number, which is over now; `undefined`: it was over before. */
export function closeExchange(s: GossipState, exchange: number): Exchange | undefined {
  const open = s.exchanges.get(exchange);
  s.exchanges.delete(exchange);
  return open;
}

/** Numbers of exchanges whose time is over. */
export function expiredExchanges(s: GossipState): number[] {
  const expired: number[] = [];
  s.due.exchange = Infinity;
  for (const [exchange, { deadline }] of s.exchanges) {
    if (deadline <= s.now) expired.push(exchange);
    else s.due.exchange = Math.min(s.due.exchange, deadline);
  }
  return expired;
}

/** How a message to one member over a stream ended. */
export function endUserMessage(s: GossipState, context: number, done: boolean): void {
  outcome(
    s,
    done ? { type: "accepted", context } : { type: "refused", context, reason: "unreachable" },
  );
}
