/**
 * The client's half of a session: numbers commands, and sends each again with the same number until
 * its outcome is known. The state machine knows a number again, so sending again is harmless.
 */
import { OverloadedError, SessionExpiredError } from "../errors.ts";
import type { ProposeOptions, Proposed, WaitOptions } from "../node/options.ts";
import type { EntryId } from "../types.ts";
import type { SessionChange, SessionId } from "./envelope-port.ts";
import { checkWhole, sessionSpanMax } from "./limits.ts";
import { allowanceOf, repeated } from "./repeating.ts";
import type { Pace } from "./repeating.ts";

/**
 * Where commands go: a RaftNode, or a client of a cluster that finds the leader by itself. It
 * rejects with errors that have the `code` and `outcome` of a `RaftError`; a connection that breaks is
 * `RAFT_OUTCOME_UNKNOWN`. Whatever else it rejects with ends the proposal, and is passed on.
 */
export interface Proposer<Result> {
  propose(command: Uint8Array, options?: ProposeOptions): Promise<Proposed<Result>>;
  changeSession(change: SessionChange, options?: WaitOptions): Promise<EntryId>;
}

export interface SessionOptions extends WaitOptions {
  /** Most commands under way at a time, 1–1024; more are refused as overload. Default 64. */
  readonly inFlightMax?: number;
  /**
   * Longest wait for one attempt, in milliseconds; default 1000. Then it is sent again, since
   * another server may lead by now.
   */
  readonly attemptTimeoutMs?: number;
  /** Pause before the first repetition, in milliseconds; it doubles up to 16 times. Default 10. */
  readonly retryPauseMs?: number;
}

/** A minute: longer pauses and attempts make no sense. */
const timerMaxMs = 60_000;

/**
 * Opens a session. When it is not used for the idle time of the state machine, or is the least
 * recently used of too many, it expires. An open session is lost with the process: it is not stored.
 *
 * @param options - how the session works, and how long opening may take
 * @throws what the proposer rejects with; an opened session that nobody knows of expires by itself
 */
export async function openSession<Result>(
  proposer: Proposer<Result>,
  options: SessionOptions = {},
): Promise<Session<Result>> {
  const settings = settingsOf(options);
  const allowance = allowanceOf(options);
  const { index } = await repeated(settings, allowance, (wait) => {
    return proposer.changeSession({ type: "open" }, wait);
  });
  return new Session(proposer, index, settings);
}

interface Settings extends Pace {
  readonly inFlightMax: number;
}

function settingsOf(options: SessionOptions): Settings {
  const { inFlightMax = 64, attemptTimeoutMs = 1000, retryPauseMs = 10 } = options;
  checkWhole("inFlightMax", inFlightMax, { min: 1, max: sessionSpanMax });
  checkWhole("attemptTimeoutMs", attemptTimeoutMs, { min: 1, max: timerMaxMs });
  checkWhole("retryPauseMs", retryPauseMs, { min: 0, max: timerMaxMs });
  return { inFlightMax, attemptTimeoutMs, retryPauseMs };
}

export class Session<Result> {
  readonly id: SessionId;
  readonly #proposer: Proposer<Result>;
  readonly #settings: Settings;
  #seq = 0;
  /** All commands up to this one are over. */
  #ack = 0;
  /** Commands above `ack` that are over, while an earlier one is not. */
  readonly #over = new Set<number>();
  #inFlight = 0;
  #closing: Promise<void> | null = null;
  #allOver: () => void = () => undefined;

  /** @internal {@link openSession} makes them. */
  constructor(proposer: Proposer<Result>, id: SessionId, settings: Settings) {
    this.#proposer = proposer;
    this.id = id;
    this.#settings = settings;
  }

  /** Commands under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Replicates a command and applies it once, whatever happens on the way.
   *
   * @param options - the time for all attempts together; default 5000 ms
   * @throws {OutcomeUnknownError} it was sent, and time or the signal ended the wait
   * @throws {OverloadedError} too many are under way; nothing was sent
   * @throws {SessionExpiredError} the session is gone; its `outcome` says what that means for this
   *   command
   * @throws {NotLeaderError | RefusedError} or what else `RaftNode.propose` rejects with; with an
   *   outcome of `not-applied` after every attempt was certainly not applied
   */
  async propose(command: Uint8Array, options: WaitOptions = {}): Promise<Proposed<Result>> {
    if (this.#closing !== null) throw new SessionExpiredError("not-applied");
    options.signal?.throwIfAborted();
    const isFull = this.#inFlight >= this.#settings.inFlightMax;
    if (isFull || this.#seq - this.#ack >= sessionSpanMax) throw new OverloadedError();
    this.#seq += 1;
    this.#inFlight += 1;
    const seq = this.#seq;
    try {
      return await repeated(this.#settings, allowanceOf(options), (wait) => {
        const session = { sessionId: this.id, seq, ack: this.#ack };
        return this.#proposer.propose(command, { ...wait, session });
      });
    } finally {
      this.#finish(seq);
    }
  }

  /**
   * Waits for the commands under way, then closes the session. From the first call on nothing more
   * is proposed. Closing one that has expired is no error. Idempotent.
   */
  close(options: WaitOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async #close(options: WaitOptions): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#allOver = resolve));
    await repeated(this.#settings, allowanceOf(options), (wait) => {
      return this.#proposer.changeSession({ type: "close", sessionId: this.id }, wait);
    });
  }

  #finish(seq: number): void {
    this.#inFlight -= 1;
    this.#over.add(seq);
    while (this.#over.delete(this.#ack + 1)) this.#ack += 1;
    if (this.#inFlight === 0) this.#allOver();
  }
}
