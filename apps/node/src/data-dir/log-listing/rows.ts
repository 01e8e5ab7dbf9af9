/** What is shown of a stopped node's log: a row for each operation, whatever the mode. */

/** What an entry of the log is, and one operation in it. */
export interface LogRow {
  readonly index: number;
  /** Of the Raft log; `null` in a journal. */
  readonly term: number | null;
  /** Whose record it is, and which one of that writer's; `null` for what is no record. */
  readonly writer: string | null;
  readonly position: number | null;
  /** Whether this node knew that the entry stays; a journal holds nothing else. */
  readonly committed: boolean;
  /** `command`, `noop`, `configuration`; in a journal `record`, `boot`, `cluster` and others. */
  readonly kind: string;
  /** `null` where it is about no counter, or about all of them. */
  readonly counter: string | null;
  /** `null` for an entry without operations. */
  readonly operation: string | null;
  /** Its arguments as text, by name. */
  readonly details: Readonly<Record<string, string>>;
  /** Equal operations of so many requests, one after the other. */
  readonly times: number;
  /** All or nothing with the rows beside it, or one write of a session. */
  readonly within: "group" | "session" | null;
  /**
   * Whether it counts once under a key, as what came with an `Idempotency-Key` does, and the commit of
   * every restore. Keys themselves are not shown.
   */
  readonly key: boolean;
  /** Whether it may have changed any counter: it replaces all of them. */
  readonly ofAll: boolean;
  readonly traces: readonly RowTrace[];
}

/** Of one request. */
export interface RowTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: of who sent the request. */
  readonly spanId: string;
}

/** What a row says unless it says otherwise. */
export const plainRow: Omit<LogRow, "index" | "kind"> = {
  term: null,
  writer: null,
  position: null,
  committed: true,
  counter: null,
  operation: null,
  details: {},
  times: 1,
  within: null,
  key: false,
  ofAll: false,
  traces: [],
};
