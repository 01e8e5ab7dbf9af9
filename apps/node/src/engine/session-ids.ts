/** Sessions as clients know them: which cluster, and which of its sessions. */
import { createHash } from "node:crypto";

import { sessionNumberMax } from "@counter/state-machine";

const pattern = /^s([0-9a-f]{8})-([1-9][0-9]{0,15})$/;

/** Whether some cluster may have given this. */
export function isSessionId(text: string): boolean {
  const [, , digits] = pattern.exec(text) ?? [];
  return digits !== undefined && Number(digits) <= sessionNumberMax;
}

export class SessionIds {
  readonly #tag: string;

  /** @param clusterId - sessions of another cluster are recognized, with the odds of 2^32 */
  constructor(clusterId: string) {
    this.#tag = createHash("sha256").update(clusterId).digest("hex").slice(0, 8);
  }

  /** @param session - its number in the state machine */
  encode(session: number): string {
    return `s${this.#tag}-${session}`;
  }

  /** @returns `null` for what this cluster never gave */
  decode(text: string): number | null {
    const [, tag, digits] = pattern.exec(text) ?? [];
    return tag === this.#tag && isSessionId(text) ? Number(digits) : null;
  }
}
