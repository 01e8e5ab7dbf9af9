/** What came in from others, and is on the disk now, takes effect. */
import { applyRecords } from "./applying.ts";
import { mergeNext, putAside } from "./staging.ts";
import type { EventualState, Incoming } from "./state.ts";
import { onMerged } from "./transferring.ts";

export function take(s: EventualState, item: Incoming): void {
  switch (item.kind) {
    case "records":
      return applyRecords(s, item);
    case "staged":
      return putAside(s, item);
    case "merged":
      mergeNext(s, item);
      if (s.staging === null) onMerged(s);
      return;
  }
}
