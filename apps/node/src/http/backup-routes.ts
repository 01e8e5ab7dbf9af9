/** Backup and restore. Each node keeps the backups that it made itself. */
import { createHash } from "node:crypto";

import type { OperationKey } from "@counter/state-machine";

import { decodeBackup } from "../data-dir/backup-format.ts";
import type { Backups, SavedBackup } from "../data-dir/backups.ts";
import type { Backup } from "../engine/engine.ts";
import { codeOf, messageOf } from "../error-text.ts";
import { bodyMaxBytes, json, text, type ApiRequest, type Route } from "./api.ts";
import { demoBackupDoc, demoRestoreDoc } from "./docs/demo.ts";
import { invalidMember, jsonMembers, mediaType, operationKey, prefersJson } from "./negotiation.ts";
import { Problem } from "./problems.ts";
import { requireKnown } from "./query.ts";

/** A backup itself as the body of `POST /restore`: how a follower hands its file to the leader. */
export const backupMediaType = "application/vnd.counter.backup";

/** Largest backup that one command of the log may carry. */
export const restoreMaxBytes: number = 4 * 1024 * 1024;

/** What a mode makes of the two calls. */
export interface BackupCalls {
  /** All counters, into a file of this node. */
  backup(): Promise<SavedBackup & Backup>;
  /** All counters, without a file. */
  take(): Promise<Backup>;
  restore(
    backup: Backup,
    key: OperationKey | null,
  ): Promise<{
    readonly replayed: boolean;
    readonly headers: Readonly<Record<string, string>>;
    /** Further members of the JSON form. */
    readonly members: Readonly<Record<string, unknown>>;
  }>;
}

/** @param backups - those of this node; throws a Problem until it has started */
export function backupRoutes(calls: BackupCalls, backups: () => Backups): readonly Route[] {
  const backup: Route["handle"] = async (request) => {
    jsonMembers(request, []);
    const { path, sha256, index, counters } = await calls.backup();
    return prefersJson(request.headers.accept)
      ? json({ path, index, sha256, counters: counters.length })
      : text(`FSM state backed up\n${path}\nPOST /restore to this node brings it back.\n`);
  };

  const restore: Route["handle"] = async (request) => {
    const bytes = await bytesOf(request, backups());
    const decoded = decode(bytes);
    const key = operationKey(request, createHash("sha256").update(bytes).digest("hex"));
    const { replayed, members, headers: own } = await calls.restore(decoded, key);
    const headers = { ...own, ...(replayed ? { "idempotent-replayed": "true" } : {}) };
    const { index: restoredIndex, counters } = decoded;
    return prefersJson(request.headers.accept)
      ? json({ restoredIndex, counters: counters.length, ...members }, headers)
      : text("FSM state restored from backup", headers);
  };

  /** The leader has other files under the same names: it gets the bytes, not the name. */
  const forwardAs = async (request: ApiRequest): Promise<ApiRequest> => {
    const headers = { ...request.headers, "content-type": backupMediaType };
    return { ...request, headers, body: await bytesOf(request, backups()) };
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
      bodyMaxBytes: restoreMaxBytes,
      handle: restore,
      forwardAs,
    },
  ];
}

async function bytesOf(request: ApiRequest, backups: Backups): Promise<Uint8Array> {
  // What was meant to name a backup must not have another one restored.
  requireKnown(request.query, []);
  if (request.body.length > 0 && mediaType(request) === backupMediaType) return request.body;
  const { file = null } = jsonMembers(request, ["file"]);
  if (file !== null && typeof file !== "string")
    throw invalidMember("file", "the name of a backup");
  const found = await backups.load(file);
  if (found !== null) return found.bytes;
  throw new Problem(
    "backup-not-found",
    "this node has no such backup; make one with POST /backup, or ask the node that made it",
  );
}

function decode(bytes: Uint8Array): Backup {
  try {
    return decodeBackup(bytes);
  } catch (error) {
    if (codeOf(error) !== "BACKUP_FORMAT") throw error;
    throw new Problem("backup-damaged", messageOf(error), { cause: error });
  }
}
