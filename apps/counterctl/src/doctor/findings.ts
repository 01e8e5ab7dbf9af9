/** What the doctor found, and how bad it is. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  /** What was measured or compared. */
  readonly detail: string;
  /** What to do about it; `null` where nothing is to be done. */
  readonly advice: string | null;
}

export function ok(check: string, detail: string): Finding {
  return { check, status: "ok", detail, advice: null };
}

export function warning(check: string, detail: string, advice: string): Finding {
  return { check, status: "warning", detail, advice };
}

export function failed(check: string, detail: string, advice: string): Finding {
  return { check, status: "failed", detail, advice };
}
