/** Sessions in Raft mode: kept in the log, and the same at every node. */
import { sessionSpanMax, type SessionStep } from "@counter/state-machine";

import { OperationRefusedError, type RaftEngine } from "../../engine/engine.ts";
import { sessionOwnerOf } from "../../security/key-scope.ts";
import type { ApiRequest } from "../api.ts";
import { Problem, problemOf } from "../problems.ts";
import { sessionHeader, type SessionBody, type SessionCalls } from "../v1/sessions.ts";

export class RaftSessionCalls implements SessionCalls {
  readonly #engine: () => RaftEngine;

  /** @param engine - the engine once there is one; throws a Problem before */
  constructor(engine: () => RaftEngine) {
    this.#engine = engine;
  }

  async open(request: ApiRequest): Promise<SessionBody> {
    const engine = this.#engine();
    try {
      const { session, idleMs } = await engine.openSession(ownerOf(request));
      const id = engine.sessionIds.encode(session);
      return { id, idleTimeoutMs: idleMs, unacknowledgedMax: sessionSpanMax };
    } catch (error) {
      throw error instanceof OperationRefusedError ? problemOf(error) : error;
    }
  }

  async close(request: ApiRequest, id: string): Promise<void> {
    const engine = this.#engine();
    const session = engine.sessionIds.decode(id);
    if (session !== null) await engine.closeSession(session, ownerOf(request));
  }

  stepOf(request: ApiRequest, fingerprint: () => Uint8Array): SessionStep | null {
    const header = sessionHeader(request);
    if (header === null) return null;
    const { id, seq, ack } = header;
    const session = this.#engine().sessionIds.decode(id);
    if (session === null) throw new Problem("session-unknown", "another cluster gave this session");
    return { session, owner: ownerOf(request), seq, ack, fingerprint: fingerprint() };
  }
}

function ownerOf({ caller }: ApiRequest): Uint8Array | null {
  return sessionOwnerOf(caller?.name ?? null);
}
