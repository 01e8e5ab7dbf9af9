/** Lets every signed request in once, without a clock: by a challenge and by numbers. */
import { randomBytes } from "node:crypto";

/** A request that comes after so many later ones of its session is refused. */
export const replayWindow: number = 1024;
/** Most sessions that are told apart; one more and all begin anew with another challenge. */
export const sessionsMax: number = 256;

const challengeBytes = 16;

export class ReplayGuard {
  #challenge: string = newChallenge();
  /** For each session, the newest number of each remainder by the window. */
  readonly #sessions = new Map<string, Float64Array>();

  /** What requests must be signed over: nothing that was signed before we made it up counts. */
  get challenge(): string {
    return this.#challenge;
  }

  /**
   * Whether a request is new. Only what was found right may be asked about: every session takes
   * room.
   *
   * @param request.sequence - from 1 on, never twice in a session
   */
  admit(request: {
    readonly challenge: string;
    readonly session: string;
    readonly sequence: number;
  }): boolean {
    const { challenge, session, sequence } = request;
    if (challenge !== this.#challenge) return false;
    const newest = this.#sessions.get(session) ?? this.#begin(session);
    if (newest === null) return false;
    const place = sequence % replayWindow;
    if (sequence <= newest[place]!) return false;
    newest[place] = sequence;
    return true;
  }

  /** Forgetting a session would let its requests in again: so all are forgotten, with the challenge. */
  #begin(session: string): Float64Array | null {
    if (this.#sessions.size >= sessionsMax) {
      this.#sessions.clear();
      this.#challenge = newChallenge();
      return null;
    }
    const newest = new Float64Array(replayWindow);
    this.#sessions.set(session, newest);
    return newest;
  }
}

function newChallenge(): string {
  return randomBytes(challengeBytes).toString("hex");
}
