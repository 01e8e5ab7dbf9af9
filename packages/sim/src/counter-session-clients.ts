/** What clients do in sessions of the shipped counters: a part of `counter-operations-workload.ts`. */
import type { CounterOperation, SessionOperation } from "@counter/state-machine";
import { decodeText } from "./counter-workload.ts";
import type { ClientPosition } from "./machine.ts";
import type { Random } from "./random.ts";

/** Fewer than clients. */
const sessionsMax = 3;

const openText = "open session";

/** What is asked for, and under which name the machine knows it again. */
export interface SessionDraw {
  readonly operation: SessionOperation;
  /** `null`: it is not sent again. */
  readonly key: string | null;
  readonly text: string;
}

/**
 * @param drawOne - draws an operation without a key
 * @returns `null`: this client does something else now
 */
export function drawInSession(
  random: Random,
  { notes }: ClientPosition,
  drawOne: () => CounterOperation,
): SessionDraw | null {
  if (!random.chance(0.35)) return null;
  const session = notes.get("session");
  if (session === undefined) {
    const idleMs = 2 + random.below(20);
    const operation = { type: "openSession", owner: null, idleMs, sessionsMax } as const;
    return { operation, key: null, text: openText };
  }
  if (random.chance(0.05)) {
    notes.delete("session");
    const operation = { type: "closeSession", session, owner: null } as const;
    return { operation, key: null, text: `close session ${session}` };
  }
  const seq = (notes.get("seq") ?? 0) + 1;
  notes.set("seq", seq);
  const ack = Math.max(0, seq - 1 - random.below(3)); // one at a time: all before it are over
  const count = random.chance(0.6) ? 1 : 2;
  const operations = Array.from({ length: count }, drawOne);
  const step = { session, owner: null, seq, ack, fingerprint: new Uint8Array(16) };
  const operation = { type: "inSession", step, atomic: random.chance(0.5), operations } as const;
  return { operation, key: `s${session}-${seq}`, text: `session ${session} number ${seq}` };
}

/** Takes note of a session that was opened, and gives one up that may be gone. */
export function learnSession(random: Random, { previous, notes }: ClientPosition): void {
  if (previous === null) return;
  const { operation, outcome, answer } = previous;
  if (operation.text === openText && outcome === "answered") {
    const [, id] = /^session (\d+)$/.exec(decodeText(answer!)) ?? [];
    if (id === undefined) return;
    notes.set("session", Number(id));
    notes.set("seq", 0);
  } else if (outcome === "unknown" && random.chance(0.3)) {
    notes.delete("session");
  }
}

/** Whether an answer says only that nobody knows any more what became of the command. */
export function isForgottenInSession(answer: Uint8Array): boolean {
  return /^(?:session-unknown|number-acknowledged) /.test(decodeText(answer));
}
