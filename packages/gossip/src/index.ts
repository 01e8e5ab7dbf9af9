/** SWIM membership with Lifeguard, on the wire of memberlist and Serf. */
export type * from "./core/door.ts";
export { GossipCore } from "./core/gossip-core.ts";
export {
  ackPayloadMaxBytes,
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
export { AdvertiseError, advertisedHost } from "./node/advertise.ts";
export type { Interfaces } from "./node/advertise.ts";
export { DEFAULT_PORT, formatAddress, GossipAddressError, parsePlace } from "./node/addresses.ts";
export type { Place } from "./node/addresses.ts";
export { GossipClosedError, GossipRefusedError } from "./node/errors.ts";
export { GossipNode } from "./node/gossip-node.ts";
export { Keyring, KEYRING_MAX_KEYS, KeyringError } from "./node/keyring.ts";
export { EVENTS_MAX } from "./node/member-events.ts";
export type { GossipEvent } from "./node/member-events.ts";
export type {
  GossipLayer,
  GossipNodeOptions,
  GossipObserver,
  LayerMessage,
} from "./node/options.ts";
export type { SeedSource } from "./node/seeds.ts";
export { SerfNode } from "./node/serf-node.ts";
export type {
  AskOptions,
  QueryResult,
  SerfMember,
  SerfNodeOptions,
  SerfObserver,
  SerfQuestion,
} from "./node/serf-options.ts";
export type { Cipher } from "./wire/crypto-frame.ts";
export type { Decoded, Refusal, RefusalReason as WireRefusalReason } from "./wire/refusal.ts";
export type { SerfFilter, SerfUserEvent } from "./wire/serf-messages.ts";
export { decodeTags, encodeTags } from "./wire/tags.ts";
