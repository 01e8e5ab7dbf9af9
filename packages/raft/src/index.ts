export * from "./types.ts";
export * from "./messages.ts";
export * from "./errors.ts";
export * from "./core/door.ts";
export * from "./node/ports.ts";
export * from "./node/options.ts";
