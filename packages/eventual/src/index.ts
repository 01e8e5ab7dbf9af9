export type * from "./types.ts";
export type * from "./messages.ts";
export type * from "./core/door.ts";
export type { ExchangeKind, Journal, ReplicaTransport, TransportHandler } from "./node/ports.ts";
export { MemoryJournal } from "./node/ports.ts";
