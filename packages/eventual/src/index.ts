export type * from "./types.ts";
export type * from "./messages.ts";
export type * from "./core/door.ts";
export type { ExchangeKind, Journal, ReplicaTransport, TransportHandler } from "./node/ports.ts";
export { MemoryJournal } from "./node/ports.ts";
export { EventualCore } from "./core/eventual-core.ts";
export { decodeEntry } from "./core/journal-entry.ts";
export type { JournalEntry } from "./core/journal-entry.ts";
export { decodeRecord } from "./data/record-codec.ts";
