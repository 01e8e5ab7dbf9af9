/** The leading byte of each of serf's payloads. */
export const LEAVE = 0;
export const JOIN = 1;
export const PUSH_PULL = 2;
export const USER_EVENT = 3;
export const QUERY = 4;
export const QUERY_RESPONSE = 5;
export const CONFLICT_RESPONSE = 6;
export const KEY_REQUEST = 7;
export const KEY_RESPONSE = 8;
export const RELAY = 9;

/** Flag of a query that wants acknowledgements, and of an answer that is one. */
export const FLAG_ACK = 1;
/** Flag of a query that is not passed on. */
export const FLAG_NO_BROADCAST = 2;

/** Filter by names. */
export const FILTER_NAMES = 0;
/** Filter by one tag. */
export const FILTER_TAG = 1;

/** A millisecond in Go's durations. */
export const NANOSECONDS = 1_000_000;
