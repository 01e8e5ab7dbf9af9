/** What the member says of itself: metadata, broadcasts, messages to one member, and goodbye. */
import type { UserMessage } from "../messages.ts";
import type { MemberName } from "../types.ts";
import { isLive } from "./claims.ts";
import type { RefusalReason } from "./door.ts";
import { openStream } from "./exchanges.ts";
import { rumorMaxBytes, sendTo, tell, wakeGossip } from "./gossiping.ts";
import { invariant } from "./invariant.ts";
import { ackPayloadMaxBytes, metaMaxBytes } from "./options.ts";
import { sample } from "./random.ts";
import { raiseIncarnation } from "./refuting.ts";
import { addRumor } from "./rumors.ts";
import { messageBytes } from "./sizes.ts";
import { emit, memberNamed, outcome, ownGoodbye } from "./state.ts";
import type { GossipState } from "./state.ts";

/** To so many members a leaver says goodbye itself. */
const goodbyesMax = 64;

function refuse(s: GossipState, context: number, reason: RefusalReason): void {
  outcome(s, { type: "refused", context, reason });
}

export function updateMeta(s: GossipState, context: number, meta: Uint8Array): void {
  if (s.leaving !== null) return refuse(s, context, "leaving");
  if (meta.length > metaMaxBytes) return refuse(s, context, "tooLarge");
  s.self.detail = { ...s.self.detail, meta };
  raiseIncarnation(s, s.self.incarnation);
  emit(s, "update", s.self);
  outcome(s, { type: "accepted", context });
}

export function setAckPayload(s: GossipState, payload: Uint8Array): void {
  invariant(payload.length <= ackPayloadMaxBytes, "what acks carry leaves room for the rest");
  s.ackPayload = payload;
}

export function broadcast(
  s: GossipState,
  context: number,
  about: { readonly key: string | null; readonly payload: Uint8Array },
): void {
  if (s.leaving !== null) return refuse(s, context, "leaving");
  const message: UserMessage = { type: "user", payload: about.payload };
  if (messageBytes(message) > rumorMaxBytes(s)) return refuse(s, context, "tooLarge");
  if (!addRumor(s.broadcasts, { key: about.key, message }, false)) {
    return refuse(s, context, "overloaded");
  }
  wakeGossip(s);
  outcome(s, { type: "accepted", context });
}

export function sendToOne(
  s: GossipState,
  context: number,
  about: {
    readonly to: MemberName;
    readonly payload: Uint8Array;
    readonly reliable: boolean;
  },
): void {
  const member = memberNamed(s, about.to);
  if (s.leaving !== null) return refuse(s, context, "leaving");
  if (member === undefined || member === s.self || !isLive(member.standing)) {
    return refuse(s, context, "unknownMember");
  }
  const { limits, timing } = s.options;
  const message: UserMessage = { type: "user", payload: about.payload };
  const maxBytes = about.reliable ? limits.userMessageMaxBytes + 1 : rumorMaxBytes(s);
  if (messageBytes(message) > maxBytes) return refuse(s, context, "tooLarge");
  if (!about.reliable) {
    sendTo(s, member, [message]);
    return outcome(s, { type: "accepted", context });
  }
  const purpose = { kind: "user", context } as const;
  const opened = openStream(s, member.detail.address, message, {
    purpose,
    timeoutMs: timing.streamTimeoutMs,
  });
  if (!opened) refuse(s, context, "overloaded");
}

/**
 * From now on this member only answers (B5); whoever hears its goodbye does not think that it failed. A
 * rumour misses one in fifty members of a small cluster, and this one has no second chance to be
 * told: so the leaver tells as many as it may itself, besides.
 */
export function leave(s: GossipState, context: number): void {
  if (s.leaving !== null) return refuse(s, context, "leaving");
  s.leaving = { context, done: false };
  s.self.standing = "left";
  s.probe = null;
  s.meeting = null;
  const { due } = s;
  due.probe = due.pushPull = due.reconnect = due.seed = due.suspicion = due.bridge = Infinity; // B5
  due.leave = s.now + s.options.timing.leaveTimeoutMs;
  const goodbye = ownGoodbye(s);
  const told = { of: s.table.live, count: goodbyesMax, accepts: () => true };
  for (const { detail } of sample(s, told)) {
    const protocolMax = detail.versions?.protocolMax ?? 0;
    s.effects.push({ type: "packet", to: detail.address, messages: [goodbye], protocolMax });
  }
  tell(s, s.self.name, goodbye);
  endLeaving(s);
}

/** It is over when the goodbye was told often enough, or took too long, or nobody is there. */
export function endLeaving(s: GossipState): void {
  const { leaving, due } = s;
  if (leaving === null || leaving.done) return;
  const isTold = !s.rumors.byKey.has(s.self.name) || s.table.live.length === 0;
  if (!isTold && s.now < due.leave) return;
  leaving.done = true;
  due.leave = Infinity;
  outcome(s, { type: "left", context: leaving.context });
}
