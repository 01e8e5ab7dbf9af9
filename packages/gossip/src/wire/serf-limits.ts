/** How much of serf's payloads is accepted. */

/** Bytes of the name of an event or a query. */
export const SERF_NAME_MAX_BYTES = 512;
/** Bytes of a user event or a query, serf's hard limit (`UserEventSizeLimit`). */
export const SERF_PAYLOAD_MAX_BYTES: number = 9 * 1024;
/** Slots of recent events in a push/pull, serf's event buffer. */
export const SERF_EVENT_SLOTS_MAX = 512;
/** Events of one Lamport time in a push/pull. */
export const SERF_EVENTS_PER_SLOT_MAX = 512;
/** Filters of one query. */
export const SERF_FILTERS_MAX = 32;
/** Names in one filter; a query has at most 9 KiB. */
export const SERF_FILTER_NAMES_MAX = 4_096;
/** Keys that a member may have. */
export const SERF_KEYS_MAX = 64;
/** Tags of one member: its metadata has 512 bytes. */
export const SERF_TAGS_MAX = 256;
/** Dimensions of a network coordinate; serf has 8. */
export const COORDINATE_MAX_DIMENSIONS = 32;
