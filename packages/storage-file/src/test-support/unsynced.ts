/** A witness for "nothing is acknowledged before its fdatasync". */
import { anchorName, lockName, temporaryNames } from "../names.ts";
import type { Call } from "./watched-file-system.ts";

/** What the page cache holds and the disk may not. */
export class Unsynced {
  /** Files with bytes that no sync followed. */
  readonly files = new Set<string>();
  /** Renames and removals that no sync of the folder followed. */
  readonly names = new Set<string>();
  /** Files that got a name before their bytes were synced. */
  readonly tooEarly: string[] = [];

  note({ operation, name }: Call): void {
    if (operation === "write") this.files.add(name);
    if (operation === "sync") this.files.delete(name);
    if (operation === "rename" || operation === "remove") this.names.add(name);
    if (operation === "syncDirectory") this.names.clear();
    if (operation === "remove") this.files.delete(name);
    if (operation === "rename") this.#renamed(name);
  }

  /** What an acknowledgement must not leave behind. */
  get left(): readonly string[] {
    const later = [anchorName, lockName, ...temporaryNames]; // nothing counts on these
    return [...this.files, ...this.names].filter((name) => !later.includes(name));
  }

  /** The record names the new name only; of the temporary ones none may be unsynced then. */
  #renamed(to: string): void {
    const from = to.startsWith("wal-")
      ? "wal-next.tmp"
      : to.startsWith("snapshot")
        ? "snapshot"
        : null;
    if (from === null) return;
    const dirty = [...this.files].filter((name) => name.startsWith(from) && name.endsWith(".tmp"));
    if (dirty.length > 0) this.tooEarly.push(`${to} while ${dirty.join()} is not synced`);
  }
}
