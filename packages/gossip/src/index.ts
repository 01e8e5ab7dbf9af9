/** SWIM membership with Lifeguard, on the wire of memberlist and Serf. */
export type * from "./core/door.ts";
export { GossipCore } from "./core/gossip-core.ts";
export {
  defaultLimits,
  defaultVersions,
  lanTiming,
  localTiming,
  metaMaxBytes,
  nameMaxBytes,
  validate,
  validateLimits,
  validateTiming,
  wanTiming,
} from "./core/options.ts";
export type { GossipLimits, GossipOptions, GossipTiming } from "./core/options.ts";
export { compoundPartsMax, messageBytes, packetBytes } from "./core/sizes.ts";
export { InvariantError } from "./errors.ts";
export type * from "./messages.ts";
export type * from "./types.ts";
