/** Backup and restore. Each node keeps the backups that it made itself. */
import type { OperationKey } from "@counter/state-machine";

import type { Backups, SavedBackup } from "../data-dir/backups.ts";
import type { ReceivedBackup } from "../data-dir/received-backup.ts";
import type { Backup } from "../engine/engine.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { bodyMaxBytes, json, text, type ApiRequest, type Route } from "./api.ts";
import { demoBackupDoc, demoRestoreDoc } from "./docs/demo.ts";
import { invalidMember, jsonMembers, mediaType, operationKey, prefersJson } from "./negotiation.ts";
import { Problem } from "./problems.ts";
import { requireKnown } from "./query.ts";
import { streamOf, wholeOf } from "./streamed-body.ts";

/** A backup itself as the body of `POST /restore`. */
export const backupMediaType = "application/vnd.counter.backup";

/** Most backups that are taken in, or sent, at a time; further requests are refused. */
export const backupsAtOnce: number = 4;

/** What a mode makes of the calls. */
export interface BackupCalls {
  /** All counters, into a file of this node. */
  backup(): Promise<SavedBackup>;
  /** All counters, without a file. */
  take(): Promise<Backup>;
  /** @throws Problem if nothing can be restored here now, before anything was read */
  requireReady(): void;
  restore(
    received: ReceivedBackup,
    options: {
      readonly key: OperationKey | null;
      /** Whether nobody waits for it any more. */
      readonly gone: () => boolean;
      /** What asks for it. */
      readonly request: ApiRequest;
    },
  ): Promise<{
    readonly replayed: boolean;
    readonly headers: Readonly<Record<string, string>>;
    /** Further members of the JSON form. */
    readonly members: Readonly<Record<string, unknown>>;
  }>;
}

export interface BackupOptions {
  /** Those of this node; throws a Problem until it has started. */
  readonly backups: () => Backups;
  readonly restoreMaxBytes: number;
  /** How many are under way: shared by all routes. */
  readonly places: Places;
}

/** Counts what is under way, and refuses what is too much. */
export class Places {
  readonly #most: number;
  #taken = 0;

  constructor(most: number = backupsAtOnce) {
    this.#most = most;
  }

  /**
   * @returns what gives the place back; to be called once
   * @throws Problem `overloaded`
   */
  take(): () => void {
    if (this.#taken >= this.#most) {
      throw new Problem("overloaded", `${this.#most} snapshots are under way already`);
    }
    this.#taken += 1;
    return () => {
      this.#taken -= 1;
    };
  }
}

/** Takes a backup in, has it used, and lets go of it. */
export async function withReceived<T>(
  source: AsyncIterable<Uint8Array>,
  { backups, places }: BackupOptions,
  use: (received: ReceivedBackup) => Promise<T>,
): Promise<T> {
  const leave = places.take();
  try {
    const received = await backups().receive(source);
    try {
      return await use(received);
    } finally {
      await received.close();
    }
  } catch (error) {
    if (codeOf(error) !== "ENOSPC") throw error;
    throw new Problem("storage-full", "there is no room to take the snapshot in", { cause: error });
  } finally {
    leave();
  }
}

export function backupRoutes(calls: BackupCalls, options: BackupOptions): readonly Route[] {
  const backup: Route["handle"] = async (request) => {
    jsonMembers(request, []);
    const { path, sha256, index, counters } = await calls.backup();
    return prefersJson(request.headers.accept)
      ? json({ path, index, sha256, counters })
      : text(`FSM state backed up\n${path}\nPOST /restore to this node brings it back.\n`);
  };

  const restore: Route["handle"] = async (request) => {
    calls.requireReady();
    const source = await sourceOf(request, options);
    const gone = (): boolean => request.hungUp?.() === true;
    return withReceived(source, options, async (received) => {
      const key = operationKey(request, received.sha256.toString("hex"));
      const {
        replayed,
        members,
        headers: own,
      } = await calls.restore(received, { key, gone, request });
      const headers = { ...own, ...(replayed ? { "idempotent-replayed": "true" } : {}) };
      const { index: restoredIndex, counters } = received.facts;
      return prefersJson(request.headers.accept)
        ? json({ restoredIndex, counters, ...members }, headers)
        : text("FSM state restored from backup", headers);
    }).catch((error: unknown) => {
      if (codeOf(error) !== "BACKUP_FORMAT") throw error;
      throw new Problem("backup-damaged", messageOf(error), { cause: error });
    });
  };

  return [
    {
      method: "POST",
      path: "/backup",
      summary: "all counters into a file of this node",
      kind: "read",
      scope: "admin",
      operation: demoBackupDoc,
      bodyMaxBytes,
      handle: backup,
    },
    {
      method: "POST",
      path: "/restore",
      summary: 'the newest backup of this node, or {"file": name}, back on all nodes',
      kind: "write",
      scope: "admin",
      operation: demoRestoreDoc,
      bodyMaxBytes: options.restoreMaxBytes,
      streamed: true,
      handle: restore,
    },
  ];
}

async function sourceOf(
  request: ApiRequest,
  { backups, restoreMaxBytes: maxBytes }: BackupOptions,
): Promise<AsyncIterable<Uint8Array>> {
  // What was meant to name a backup must not have another one restored.
  requireKnown(request.query, []);
  if (mediaType(request) === backupMediaType) return streamOf(request, { maxBytes });
  const { file = null } = jsonMembers(await wholeOf(request, bodyMaxBytes), ["file"]);
  if (file !== null && typeof file !== "string")
    throw invalidMember("file", "the name of a backup");
  const found = await backups().read(file);
  if (found !== null) return found;
  throw new Problem(
    "backup-not-found",
    "this node has no such backup; make one with POST /backup, or ask the node that made it",
  );
}
