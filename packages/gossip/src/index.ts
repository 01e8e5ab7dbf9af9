/** SWIM membership with Lifeguard, on the wire of memberlist and Serf. */
export type * from "./messages.ts";
export type * from "./types.ts";
