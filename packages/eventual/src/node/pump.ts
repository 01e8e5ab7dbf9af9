/**
 * Turns the core: steps inputs into it and carries out what it asks for.
 *
 * All inputs of one turn of the event loop are taken in before a Ready is drawn, so that a turn
 * becomes one record and one message a peer.
 */
import type { Changes, Input, Outcome, Ready, Write } from "../core/door.ts";
import type { EventualCore } from "../core/eventual-core.ts";
import type { Message } from "../messages.ts";
import type { EventualObserver } from "./options.ts";
import { asError } from "./waiting.ts";

/** What becomes of the parts of a Ready. None of these may step the core before it has returned. */
export interface PumpParts {
  readonly observer: EventualObserver;
  readonly onWrite: (write: Write) => void;
  readonly onMessage: (message: Message) => void;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onNotes: (notes: Ready["notes"]) => void;
  readonly onChanges: (changes: Changes) => void;
  /** Everything of this turn was carried out. */
  readonly onTurn: () => void;
  readonly onFatal: (error: Error) => void;
}

export class Pump {
  readonly #core: EventualCore;
  readonly #parts: PumpParts;
  #scheduled = false;
  #turning = false;
  #stopped = false;

  constructor(core: EventualCore, parts: PumpParts) {
    this.#core = core;
    this.#parts = parts;
  }

  step(input: Input): void {
    if (this.#stopped) return;
    try {
      this.#parts.observer.onInput?.(input);
      this.#core.step(input);
    } catch (error) {
      return this.#parts.onFatal(asError(error));
    }
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  /** Carries out now what would be at the end of this turn of the event loop. */
  settle(): void {
    if (!this.#turning) this.#turn();
  }

  /** Takes nothing in any more, and carries nothing out. */
  stop(): void {
    this.#stopped = true;
  }

  #turn(): void {
    this.#turning = true;
    try {
      for (let ready = this.#next(); ready !== null; ready = this.#next()) this.#carryOut(ready);
      if (!this.#stopped) this.#parts.onTurn();
    } catch (error) {
      this.#parts.onFatal(asError(error));
    } finally {
      this.#turning = false;
    }
  }

  #next(): Ready | null {
    return this.#stopped ? null : this.#core.ready();
  }

  #carryOut(ready: Ready): void {
    this.#parts.observer.onReady?.(ready);
    if (ready.write !== null) this.#parts.onWrite(ready.write);
    for (const message of ready.messages) this.#parts.onMessage(message);
    for (const outcome of ready.outcomes) this.#parts.onOutcome(outcome);
    if (ready.notes.length > 0) this.#parts.onNotes(ready.notes);
    if (ready.changes !== null) this.#parts.onChanges(ready.changes);
  }
}
